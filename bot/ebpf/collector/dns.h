/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* DNS over UDP: the query as its sender hands it over, the reply as it comes in. */
#pragma once

enum { DNS_PORT = 53, UDP_HEADER_SIZE = 8 };

struct udp_header { __be16 sport, dport, size, sum; };

/* Where a packet's UDP header begins; 0 for any other packet. */
static __always_inline void *udp_header_of(unsigned char *ip)
{
	struct ipv4_header h;

	if (bpf_probe_read_kernel(&h, sizeof(h), ip))
		return 0;
	if (h.version_words >> 4 == 4)
		return h.proto == IPPROTO_UDP ? ip + (h.version_words & 15) * 4 : 0;
	/* As many bytes of an IPv6 header hold the field that is asked for. */
	return h.version_words >> 4 == 6 && ((struct ipv6_header *)&h)->proto == IPPROTO_UDP
		? ip + sizeof(struct ipv6_header) : 0;
}

/* Many network cards leave all but the headers of a larger packet in pages that a tracepoint cannot read. */
static __always_inline void copy_message(struct long_event *d, struct sk_buff *skb, unsigned char *at, __u16 udp_size)
{
	unsigned char *end = BPF_CORE_READ(skb, data) + BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len);
	__s64 size = udp_size - UDP_HEADER_SIZE, readable = end - at;

	if (size > readable || size > TAIL_SIZE)
		d->e.flags |= CUT;
	if (size > readable)
		size = readable;
	if (size <= 0)
		return;
	if (size > TAIL_SIZE)
		size = TAIL_SIZE;
	if (!bpf_probe_read_kernel(d->tail, size, at))
		d->e.tail_len = size;
}

static __always_inline int report_dns(struct sk_buff *skb, unsigned char *ip, __u32 kind)
{
	unsigned char *udp = udp_header_of(ip);
	struct udp_header h;
	struct long_event *d;
	struct sock *sk;

	if (!udp || bpf_probe_read_kernel(&h, sizeof(h), udp))
		return 0;
	if (bpf_ntohs(kind == KIND_DNS_QUERY ? h.dport : h.sport) != DNS_PORT || !(d = draft(kind)))
		return 0;
	sk = BPF_CORE_READ(skb, sk);
	if (sk)
		describe_owned(&d->e, sk);
	describe_skb(&d->e, skb);
	copy_message(d, skb, udp + UDP_HEADER_SIZE, bpf_ntohs(h.size));
	submit_draft(d);
	return 0;
}

/* Packets without a socket are forwarded ones. */
SEC("tp/net/net_dev_queue")
int dns_query(struct skb_context *ctx)
{
	struct sk_buff *skb = ctx->skb;
	struct sock *sk = BPF_CORE_READ(skb, sk);

	if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	return report_dns(skb, BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header), KIND_DNS_QUERY);
}

SEC("tp/net/netif_receive_skb")
int dns_reply(struct skb_context *ctx)
{
	struct sk_buff *skb = ctx->skb;

	return report_dns(skb, BPF_CORE_READ(skb, data), KIND_DNS_REPLY);
}
