/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* connect(2) and accept(2): who asked for what, the real errno, the time in the call. */
#pragma once

enum { EINTR = 4, EAGAIN = 11, ERESTARTSYS = 512 };

struct call { __u64 began_at; void *address; __u32 fd, address_len; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

/* Datagram sockets that have connected: the only way from an error of theirs to its socket (see sock_error). */
struct flow { __u8 saddr[16], daddr[16]; __u16 sport, dport, family, proto; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow);
	__type(value, __u64);
} datagram_flows SEC(".maps");

static __always_inline void note_call(struct sys_enter *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call c = { bpf_ktime_get_ns(), (void *)ctx->args[1], ctx->args[0], ctx->args[2] };

	bpf_map_update_elem(&calls, &id, &c, BPF_ANY);
}

static __always_inline void note_datagram_flow(struct event *e, struct sock *sk)
{
	struct flow flow = { .sport = e->sport, .dport = e->dport, .family = e->family, .proto = e->proto };
	__u64 key = (__u64)sk;
	struct owner *o;

	__builtin_memcpy(flow.saddr, e->saddr, 16);
	__builtin_memcpy(flow.daddr, e->daddr, 16);
	bpf_map_update_elem(&datagram_flows, &flow, &key, BPF_ANY);
	note_owner(sk, 0, OPENED, true);
	if ((o = owner_of(sk)))
		e->attempt = o->attempt = identity_of_attempt(e->ts);
}

/* The address that was asked for wins over what the socket has become. */
static __noinline void describe_connect(struct event *e, struct call *c, __u16 family, long ret)
{
	struct sock *sk = socket_of(c->fd);
	struct { __u16 family; __be16 port; __u8 v4[4]; } address = {};
	struct owner *o;

	if (sk) {
		describe_socket(e, sk);
		if ((o = owner_of(sk)))
			e->attempt = o->attempt;
		if (!ret && e->socktype == SOCK_DGRAM && is_ip(e->family))
			note_datagram_flow(e, sk);
	}
	e->ret = ret;
	e->elapsed_ns = bpf_ktime_get_ns() - c->began_at;
	if (e->family != family)
		__builtin_memset(e->saddr, 0, 16);
	e->family = family;
	if (!is_ip(family))
		return;
	bpf_probe_read_user(&address, sizeof(address), c->address);
	e->dport = bpf_ntohs(address.port);
	__builtin_memset(e->daddr, 0, 16);
	if (family == AF_INET)
		__builtin_memcpy(e->daddr, address.v4, 4);
	else
		bpf_probe_read_user(e->daddr, 16, c->address + 8);
}

static __always_inline void unix_connect(struct call *c, long ret)
{
	struct long_event *d = draft(KIND_CONNECT);
	__u32 n = c->address_len > 2 ? c->address_len - 2 : 0;

	if (!d)
		return;
	describe_connect(&d->e, c, AF_UNIX, ret);
	if (n > UNIX_PATH_SIZE)
		n = UNIX_PATH_SIZE;
	if (n && !bpf_probe_read_user(d->tail, n, c->address + 2))
		d->e.tail_len = n;
	submit_draft(d);
}

SEC("tp/syscalls/sys_enter_connect")
int connect_enter(struct sys_enter *ctx)
{
	note_call(ctx);
	return 0;
}

/* The address is read as the call returns: before, its page may not be there yet, and a program cannot wait for it. */
SEC("tp/syscalls/sys_exit_connect")
int connect_exit(struct sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *c = bpf_map_lookup_elem(&calls, &id);
	__u16 family = AF_UNSPEC;
	struct event *e;

	if (!c)
		return 0;
	bpf_probe_read_user(&family, sizeof(family), c->address);
	if (family == AF_UNIX) {
		unix_connect(c, ctx->ret);
	} else if (family != AF_UNSPEC && (e = reserve(KIND_CONNECT))) {   /* AF_UNSPEC is how to disconnect */
		describe_connect(e, c, family, ctx->ret);
		submit(e);
	}
	bpf_map_delete_elem(&calls, &id);
	return 0;
}

static __always_inline void accepted(__u32 fd)
{
	struct sock *sk = socket_of(fd);
	struct owner *o;

	if (!sk || !is_ip(BPF_CORE_READ(sk, __sk_common.skc_family)))
		return;
	o = owner_of(sk);
	note_owner(sk, o ? o->since : bpf_ktime_get_ns(), ACCEPTED, true);
}

static __always_inline int accept_exit(struct sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *c = bpf_map_lookup_elem(&calls, &id);
	struct event *e;

	if (ctx->ret >= 0) {
		accepted(ctx->ret);
	} else if (ctx->ret != -EAGAIN && ctx->ret != -EINTR && ctx->ret != -ERESTARTSYS
		   && (e = reserve(KIND_ACCEPT_FAILED))) {
		struct sock *listener = c ? socket_of(c->fd) : 0;

		if (listener)
			describe_socket(e, listener);
		e->ret = ctx->ret;
		submit(e);
	}
	bpf_map_delete_elem(&calls, &id);
	return 0;
}

SEC("tp/syscalls/sys_enter_accept")
int accept_begin(struct sys_enter *ctx)
{
	note_call(ctx);
	return 0;
}

SEC("tp/syscalls/sys_enter_accept4")
int accept4_begin(struct sys_enter *ctx)
{
	note_call(ctx);
	return 0;
}

SEC("tp/syscalls/sys_exit_accept")
int accept_end(struct sys_exit *ctx)
{
	return accept_exit(ctx);
}

SEC("tp/syscalls/sys_exit_accept4")
int accept4_end(struct sys_exit *ctx)
{
	return accept_exit(ctx);
}

/* A datagram socket learns that nobody listens from an ICMP message alone. For TCP the end of the handshake and the
 * close tell the same errno; its reports are left out. The tracepoint names no socket: it is found by its addresses. */
SEC("tp/sock/inet_sk_error_report")
int sock_error(struct sk_error_context *ctx)
{
	struct flow flow = { .sport = ctx->sport, .dport = ctx->dport, .family = ctx->family, .proto = ctx->protocol };
	struct event *e;
	struct sock **known, *sk;

	if (ctx->protocol == IPPROTO_TCP || !(e = reserve(KIND_SOCK_ERROR)))
		return 0;
	if (ctx->family == AF_INET) {
		__builtin_memcpy(flow.saddr, ctx->saddr, 4);
		__builtin_memcpy(flow.daddr, ctx->daddr, 4);
	} else {
		__builtin_memcpy(flow.saddr, ctx->saddr_v6, 16);
		__builtin_memcpy(flow.daddr, ctx->daddr_v6, 16);
	}
	known = bpf_map_lookup_elem(&datagram_flows, &flow);
	if (known && (sk = *known) && BPF_CORE_READ(sk, __sk_common.skc_num) == flow.sport)
		describe_owned(e, sk);
	e->family = flow.family;
	e->proto = flow.proto;
	e->sport = flow.sport;
	e->dport = flow.dport;
	__builtin_memcpy(e->saddr, flow.saddr, 16);
	__builtin_memcpy(e->daddr, flow.daddr, 16);
	e->ret = -ctx->error;
	submit(e);
	return 0;
}
