/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Packets: what their headers say, which were dropped and why, which ICMP errors they were answered with. */
#pragma once

enum { FIRST_NAMESPACE = 0xeffffff0, IPV4_OFFSET_MASK = 0x1fff };
enum { ICMP_DEST_UNREACH = 3, ICMP_TIME_EXCEEDED = 11, ICMPV6_DEST_UNREACH = 1, ICMPV6_TIME_EXCEED = 3 };

struct ipv4_header { __u8 version_words, tos; __be16 size, id, fragment; __u8 ttl, proto; __u16 sum; __u8 saddr[4], daddr[4]; };
struct ipv6_header { __u8 version, rest[3]; __be16 payload; __u8 proto, hops; __u8 saddr[16], daddr[16]; };
struct transport_header { __be16 sport, dport; __u8 rest[8], tcp_words, tcp_flags; };

static __always_inline void describe_transport(struct event *e, void *at, int size)
{
	struct transport_header h = {};

	bpf_probe_read_kernel(&h, sizeof(h), at);
	e->sport = e->dport = 0;
	switch (e->proto) {
	case IPPROTO_TCP:
		e->tcp_flags = h.tcp_flags;
		size -= (h.tcp_words >> 4) * 4;
		e->payload = size > 0 ? size : 0;
		/* fallthrough */
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
		e->sport = bpf_ntohs(h.sport);
		e->dport = bpf_ntohs(h.dport);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		e->icmp_type = bpf_ntohs(h.sport) >> 8;
		e->icmp_code = bpf_ntohs(h.sport);
	}
}

static __always_inline void describe_ipv4(struct event *e, void *at)
{
	struct ipv4_header h = {};
	__u32 size;

	bpf_probe_read_kernel(&h, sizeof(h), at);
	if (h.version_words >> 4 != 4)
		return;
	e->family = AF_INET;
	e->proto = h.proto;
	__builtin_memset(e->saddr, 0, 16);
	__builtin_memset(e->daddr, 0, 16);
	__builtin_memcpy(e->saddr, h.saddr, 4);
	__builtin_memcpy(e->daddr, h.daddr, 4);
	size = (h.version_words & 15) * 4;
	if (bpf_ntohs(h.fragment) & IPV4_OFFSET_MASK)
		e->sport = e->dport = 0;   /* a later fragment: no ports in it */
	else
		describe_transport(e, at + size, bpf_ntohs(h.size) - size);
}

static __always_inline void describe_ipv6(struct event *e, void *at)
{
	struct ipv6_header h = {};

	bpf_probe_read_kernel(&h, sizeof(h), at);
	if (h.version >> 4 != 6)
		return;
	e->family = AF_INET6;
	e->proto = h.proto;
	__builtin_memcpy(e->saddr, h.saddr, 16);
	__builtin_memcpy(e->daddr, h.daddr, 16);
	describe_transport(e, at + sizeof(h), bpf_ntohs(h.payload));
}

/* In queues of sockets the pointer to the device holds something else. What has no network namespace is none. */
static __always_inline void describe_device(struct event *e, struct net_device *dev)
{
	__u32 netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);

	if (netns < FIRST_NAMESPACE)
		return;
	e->netns = netns;
	e->ifindex = BPF_CORE_READ(dev, ifindex);
	BPF_CORE_READ_INTO(&e->ifname, dev, name);
}

/* Behind the IP layer a packet has no device any more, and the route of what is for this machine leads to lo: only the
 * number of its entrance is left. What is forwarded has come in as well, but leaves by another device. */
static __always_inline void describe_way(struct event *e, struct sk_buff *skb)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	unsigned long route = BPF_CORE_READ(skb, _skb_refdst) & ~1UL;
	__u32 entrance = BPF_CORE_READ(skb, skb_iif);

	if (dev)
		describe_device(e, dev);
	else if (route)
		describe_device(e, BPF_CORE_READ((struct dst_entry *)route, dev));
	if (!entrance)
		return;
	if (!dev && e->ifindex != entrance)
		__builtin_memset(e->ifname, 0, sizeof(e->ifname));
	if (!dev || !e->ifindex)
		e->ifindex = entrance;
	if (e->ifindex == entrance)
		e->flags |= RECEIVED;
}

static __noinline void describe_skb(struct event *e, struct sk_buff *skb)
{
	__u16 offset = BPF_CORE_READ(skb, network_header);
	void *header = BPF_CORE_READ(skb, head) + offset;

	e->len = BPF_CORE_READ(skb, len);
	e->ethertype = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	describe_way(e, skb);
	if (!offset || offset == 0xffff)
		return;
	if (e->ethertype == ETH_P_IP)
		describe_ipv4(e, header);
	else if (e->ethertype == ETH_P_IPV6)
		describe_ipv6(e, header);
}

/* Routes that loop use up the time to live: that is how a packet tells that its destination cannot be reached. */
static __always_inline bool is_icmp_that_ends_attempts(struct event *e)
{
	__u8 type = e->icmp_type;

	if (e->proto == IPPROTO_ICMP)
		return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED;
	return e->proto == IPPROTO_ICMPV6 && (type == ICMPV6_DEST_UNREACH || type == ICMPV6_TIME_EXCEED);
}

/* Numbers of reasons differ between kernels: this one's is asked for as the program is loaded. */
static __always_inline enum flag evidence_of(struct event *e)
{
	if (is_icmp_that_ends_attempts(e))
		return UNREACHABLE;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_NEIGH_FAILED)
	    && e->reason == (int)bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NEIGH_FAILED))
		return NEIGHBOUR_FAILED;
	return 0;
}

/* `reason` came with 5.17, `rx_sk` with 6.11. */
SEC("tp/skb/kfree_skb")
int skb_dropped(struct trace_event_raw_kfree_skb *ctx)
{
	struct sk_buff *skb = ctx->skbaddr;
	struct event *e = reserve(KIND_DROP);
	struct sock *sk;

	if (!e)
		return 0;
	sk = BPF_CORE_READ(skb, sk);
	if (!sk && bpf_core_field_exists(ctx->rx_sk))
		sk = ctx->rx_sk;
	if (sk && is_whole(sk))
		describe_owned(e, sk);
	else if (sk)
		e->newstate = BPF_CORE_READ(sk, __sk_common.skc_state);
	e->location = (__u64)ctx->location;
	if (bpf_core_field_exists(ctx->reason))
		e->reason = ctx->reason;
	describe_skb(e, skb);
	if (e->attempt) {   /* what waited for an answer is often dropped only when its socket has given up */
		enum flag evidence = evidence_of(e);

		e->flags |= evidence;
		if (e->newstate == TCP_SYN_SENT)
			note_evidence(sk, evidence);
	}
	submit(e);
	return 0;
}

/* The addresses are those of the packet that the message answers: it goes to that packet's source. IPv4 only; the
 * kernel traces no ICMPv6. Traced since 6.11. */
SEC("tp/icmp/icmp_send")
int icmp_sent(struct icmp_context *ctx)
{
	struct event *e = reserve(KIND_ICMP_SENT);
	struct sk_buff *skb = ctx->skb;
	struct sock *sk;

	if (!e)
		return 0;
	sk = BPF_CORE_READ(skb, sk);
	if (sk && is_whole(sk))
		describe_owned(e, sk);
	describe_skb(e, skb);
	e->icmp_type = ctx->type;
	e->icmp_code = ctx->code;
	submit(e);
	return 0;
}
