/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What a socket says of itself, and who owns it. Most network events happen in softirqs, where the current task is
 * whoever was interrupted: the owner is noted when a process connects, accepts or closes. */
#pragma once

struct owner {
	__u64 attempt;
	__u64 since;        /* the begin of the handshake, then of the connection; 0 where nobody saw it */
	__u32 pid, tid;
	char comm[16];
	enum flag flags;
	__u32 unused;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps");

static __always_inline bool is_ip(__u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

/* What connection requests and sockets in TIME_WAIT have as well. */
static __always_inline void describe_common(struct event *e, struct sock_common *common)
{
	e->family = BPF_CORE_READ(common, skc_family);
	e->netns = BPF_CORE_READ(common, skc_net.net, ns.inum);
	if (!is_ip(e->family))
		return;
	e->sport = BPF_CORE_READ(common, skc_num);
	e->dport = bpf_ntohs(BPF_CORE_READ(common, skc_dport));
	if (e->family == AF_INET) {
		BPF_CORE_READ_INTO((__u32 *)e->saddr, common, skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)e->daddr, common, skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&e->saddr, common, skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&e->daddr, common, skc_v6_daddr.in6_u.u6_addr8);
	}
}

static __noinline void describe_socket(struct event *e, struct sock *sk)
{
	e->sock = (__u64)sk;
	describe_common(e, &sk->__sk_common);
	e->newstate = BPF_CORE_READ(sk, __sk_common.skc_state);
	e->uid = BPF_CORE_READ(sk, sk_uid.val);
	e->proto = BPF_CORE_READ(sk, sk_protocol);
	e->socktype = BPF_CORE_READ(sk, sk_type);
	if (is_ip(e->family))   /* skc_num is 0 already when a socket reaches CLOSE */
		e->sport = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		e->cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
}

/* What is on the table of sockets in these two states is smaller than a socket: its end must not be read. */
static __always_inline bool is_whole(struct sock *sk)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV;
}

static __always_inline struct owner *owner_of(struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&owners, &key);
}

static __always_inline struct owner *attribute(struct event *e, struct sock *sk)
{
	struct owner *o = owner_of(sk);

	if (!o)
		return 0;
	e->flags |= o->flags;
	e->attempt = o->attempt;
	if (o->pid) {
		e->pid = o->pid;
		e->tid = o->tid;
		e->flags |= OWNED;
		__builtin_memcpy(e->comm, o->comm, sizeof(e->comm));
	}
	return o;
}

static __always_inline void describe_owned(struct event *e, struct sock *sk)
{
	describe_socket(e, sk);
	attribute(e, sk);
}

static __always_inline void note_owner(struct sock *sk, __u64 since, enum flag flags, bool is_current)
{
	__u64 key = (__u64)sk, id = bpf_get_current_pid_tgid();
	struct owner o = { .since = since, .flags = flags };

	if (is_current) {
		o.pid = id >> 32;
		o.tid = id;
		bpf_get_current_comm(o.comm, sizeof(o.comm));
	}
	bpf_map_update_elem(&owners, &key, &o, BPF_ANY);
}

/* No two attempts begin on one CPU in the same nanosecond. */
static __always_inline __u64 identity_of_attempt(__u64 began_at)
{
	return began_at << 8 | (bpf_get_smp_processor_id() & 0xff);
}

/* What explains the end of a handshake is told with it. */
static __always_inline void note_evidence(struct sock *sk, enum flag evidence)
{
	struct owner *o = owner_of(sk);

	if (o)
		o->flags |= evidence;
}

static __always_inline struct sock *socket_of(__u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = 0;
	struct socket *socket;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}
