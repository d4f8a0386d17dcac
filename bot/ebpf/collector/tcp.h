/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The life of TCP sockets: handshake, accept, listen, close with byte counts; what was sent again; resets. */
#pragma once

enum { SO_EE_ORIGIN_ICMP = 2, SO_EE_ORIGIN_ICMP6 = 3 };

static __always_inline int kind_of_change(int from, int to)
{
	if (from == TCP_SYN_SENT)
		return KIND_TCP_OPEN;
	if (from == TCP_SYN_RECV && to == TCP_ESTABLISHED)
		return KIND_TCP_ACCEPT;
	/* What comes out of an accept is a clone of the listener and leaves LISTEN as well, for SYN_RECV. */
	if (to == TCP_LISTEN || (from == TCP_LISTEN && to == TCP_CLOSE))
		return KIND_TCP_LISTEN;
	return to == TCP_CLOSE ? KIND_TCP_CLOSE : 0;
}

static __always_inline void describe_traffic(struct event *e, struct sock *sk)
{
	struct tcp_sock *tp = (void *)sk;

	e->tx_bytes = BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
	e->rx_bytes = BPF_CORE_READ(tp, bytes_received);
	e->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	e->retransmits = BPF_CORE_READ(tp, total_retrans);
}

/* A process that does not wait in connect(2) fetches an ICMP message's error by itself, and no errno is left: the
 * message is still in the queue when its socket is closed. (ICMPv6 only where the process has asked for messages.) */
static __always_inline bool got_icmp_message(struct sock *sk)
{
	struct sk_buff *first = BPF_CORE_READ(sk, sk_error_queue.next);
	struct sock_exterr_skb *error = (void *)first + bpf_core_field_offset(struct sk_buff, cb);
	__u8 origin;

	if (!BPF_CORE_READ(sk, sk_error_queue.qlen))
		return false;
	origin = BPF_CORE_READ(error, ee.ee_origin);
	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6;
}

static __always_inline void report_change(struct sk_state_context *ctx, int kind, __u64 now)
{
	struct event *e = reserve(kind);
	struct sock *sk = ctx->sk;
	struct owner *o;

	if (!e)
		return;
	describe_socket(e, sk);
	if (kind == KIND_TCP_ACCEPT) {   /* in a softirq; who serves it is known once accept(2) returns */
		e->pid = e->tid = 0;
		__builtin_memset(e->comm, 0, sizeof(e->comm));
		e->flags |= ACCEPTED;
	} else if (kind != KIND_TCP_LISTEN) {
		o = attribute(e, sk);
		if (o && o->since)
			e->elapsed_ns = now - o->since;
		describe_traffic(e, sk);
	}
	e->oldstate = ctx->oldstate;
	e->newstate = ctx->newstate;
	e->ret = -BPF_CORE_READ(sk, sk_err);
	if (kind == KIND_TCP_OPEN && got_icmp_message(sk))
		e->flags |= UNREACHABLE;
	submit(e);
}

static __always_inline void note_attempt(struct sock *sk, __u64 now)
{
	struct owner *o;

	note_owner(sk, now, OPENED, true);
	if ((o = owner_of(sk)))
		o->attempt = identity_of_attempt(bpf_ktime_get_boot_ns());
}

SEC("tp/sock/inet_sock_set_state")
int tcp_state_changed(struct sk_state_context *ctx)
{
	struct sock *sk = ctx->sk;
	int from = ctx->oldstate, to = ctx->newstate, kind = kind_of_change(from, to);
	__u64 now = bpf_ktime_get_ns();
	struct owner *o;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (kind)
		report_change(ctx, kind, now);
	if (to == TCP_SYN_SENT) {
		note_attempt(sk, now);
	} else if (to == TCP_LISTEN) {
		note_owner(sk, 0, 0, true);
	} else if (kind == KIND_TCP_ACCEPT) {
		if (!owner_of(sk))   /* accept(2) may have been faster, on another CPU */
			note_owner(sk, now, ACCEPTED, false);
	} else if (kind == KIND_TCP_OPEN) {
		if ((o = owner_of(sk)))
			o->since = now;
	} else if (to == TCP_FIN_WAIT1 || to == TCP_LAST_ACK) {   /* its process calls close(2) or shutdown(2) */
		o = owner_of(sk);
		if (!o || !o->pid)
			note_owner(sk, o ? o->since : 0, o ? o->flags : 0, true);
	}
	return 0;
}

/* A close that resets the connection reaches CLOSE first and sends its reset then: owners are kept until here. */
SEC("tp/tcp/tcp_destroy_sock")
int tcp_destroyed(struct sk_context *ctx)
{
	__u64 key = (__u64)ctx->sk;

	bpf_map_delete_elem(&owners, &key);
	return 0;
}

SEC("tp/tcp/tcp_retransmit_skb")
int tcp_retransmitted(struct skb_sk_context *ctx)
{
	struct trace_event_raw_tcp_retransmit_skb *named = (void *)ctx;
	struct event *e = reserve(KIND_TCP_RETRANSMIT);
	struct sk_buff *skb = ctx->skb;

	if (!e)
		return 0;
	describe_owned(e, ctx->sk);
	describe_traffic(e, ctx->sk);
	e->len = BPF_CORE_READ(skb, len);
	if (bpf_core_field_exists(named->err) && named->err < 0)
		e->ret = named->err;
	submit(e);
	return 0;
}

/* The socket is the listener's; the connection that does not come about has no socket of its own yet. */
SEC("tp/tcp/tcp_retransmit_synack")
int synack_retransmitted(struct sk_req_context *ctx)
{
	struct event *e = reserve(KIND_SYNACK_RETRANSMIT);
	struct request_sock *req = ctx->req;

	if (!e)
		return 0;
	describe_owned(e, ctx->sk);
	describe_common(e, &req->__req_common);
	e->newstate = TCP_NEW_SYN_RECV;
	e->flags |= ACCEPTED;
	e->retransmits = BPF_CORE_READ(req, num_retrans) + 1;
	submit(e);
	return 0;
}

/* Without a socket (a SYN for a closed port; traced since 6.12) there is only the packet that the reset answers. */
SEC("tp/tcp/tcp_send_reset")
int tcp_reset_sent(struct skb_sk_context *ctx)
{
	struct trace_event_raw_tcp_send_reset *named = (void *)ctx;
	struct event *e = reserve(KIND_TCP_RESET_SENT);
	struct sock *sk = ctx->sk;

	if (!e)
		return 0;
	if (sk && is_whole(sk))
		describe_owned(e, sk);
	else if (ctx->skb)
		describe_skb(e, ctx->skb);
	if (sk)
		e->newstate = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (bpf_core_field_exists(named->reason))
		e->reason = named->reason;
	submit(e);
	return 0;
}

SEC("tp/tcp/tcp_receive_reset")
int tcp_reset_received(struct sk_context *ctx)
{
	struct event *e = reserve(KIND_TCP_RESET_RECEIVED);

	if (!e)
		return 0;
	describe_owned(e, ctx->sk);
	if (e->newstate == TCP_SYN_SENT)
		note_evidence(ctx->sk, GOT_RESET);
	submit(e);
	return 0;
}
