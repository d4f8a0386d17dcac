/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What user space is told: one event of fixed size (layout.py mirrors it), for some kinds with a tail of bytes. */
#pragma once

enum kind {
	KIND_CONNECT = 1, KIND_TCP_OPEN, KIND_TCP_ACCEPT, KIND_TCP_CLOSE, KIND_TCP_LISTEN, KIND_TCP_RETRANSMIT,
	KIND_TCP_RESET_SENT, KIND_TCP_RESET_RECEIVED, KIND_DROP, KIND_DNS_QUERY, KIND_DNS_REPLY, KIND_ACCEPT_FAILED,
	KIND_SOCK_ERROR, KIND_ICMP_SENT, KIND_SYNACK_RETRANSMIT, KINDS,
};

enum flag {
	OWNED = 1,      /* pid, tid and comm are the socket owner's, not those of whoever ran just then */
	RECEIVED = 2,   /* the skb came in through the interface that is named */
	ACCEPTED = 4,   /* the peer opened this connection */
	OPENED = 8,     /* this side opened it */
	CUT = 16,       /* the tail is not the whole message */
	GOT_RESET = 32,         /* the SYN was answered by an RST */
	NEIGHBOUR_FAILED = 64,  /* a packet was dropped because the next hop does not answer */
	UNREACHABLE = 128,      /* an ICMP message said that the destination is not reached */
};

enum { TAIL_SIZE = 512, UNIX_PATH_SIZE = 108, UNKNOWN_REASON = -1 };

struct event {
	__u64 ts;           /* CLOCK_BOOTTIME, ns */
	__u64 sock;         /* address of the kernel's socket */
	__u64 attempt;      /* to connect: when it began (ts) << 8 | CPU; in all events of its socket */
	__u64 cgroup;
	__u64 elapsed_ns;   /* the call, the handshake, the life of the connection */
	__u64 tx_bytes, rx_bytes;
	__u64 location;     /* the instruction that dropped the skb */
	__u32 pid, tid, uid, netns;
	__u32 ifindex, len, payload, srtt_us;
	__u32 retransmits;
	__s32 ret;          /* 0, or the negative errno */
	__s32 reason;
	__u16 family, ethertype;
	__u16 sport, dport; /* in the host's byte order */
	__u16 tail_len;
	__u8 flags, kind;
	__u8 proto, socktype, oldstate, newstate;
	__u8 tcp_flags, icmp_type, icmp_code, unused;
	__u8 saddr[16], daddr[16];
	char comm[16], ifname[16];
};

struct long_event { struct event e; __u8 tail[TAIL_SIZE]; };

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 16 << 20); } events SEC(".maps");

struct counters {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KINDS);
	__type(key, __u32);
	__type(value, __u64);
};
struct counters seen SEC(".maps"), lost SEC(".maps");

/* One per CPU is enough: while a program of a tracepoint runs, the kernel starts no other one on that CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct long_event);
} drafts SEC(".maps");

static __always_inline void count(void *counters, __u32 kind)
{
	__u64 *n = bpf_map_lookup_elem(counters, &kind);
	if (n)
		(*n)++;
}

static __noinline void begin(struct event *e, enum kind kind)
{
	__u64 id = bpf_get_current_pid_tgid();

	__builtin_memset(e, 0, sizeof(*e));
	e->ts = bpf_ktime_get_boot_ns();
	e->kind = kind;
	e->reason = UNKNOWN_REASON;
	e->pid = id >> 32;
	e->tid = id;
	e->uid = bpf_get_current_uid_gid();
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}

/* Room in the ring for an event without a tail; `submit` must follow. */
static __always_inline struct event *reserve(__u32 kind)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	count(&seen, kind);
	if (!e) {
		count(&lost, kind);
		return 0;
	}
	begin(e, kind);
	return e;
}

/* Nobody is woken: the reader comes by every 50 ms, which costs a third of what wake-ups cost. */
static __always_inline void submit(struct event *e)
{
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
}

/* An event with a tail is written here first, since room in the ring is reserved in constant sizes only. */
static __always_inline struct long_event *draft(__u32 kind)
{
	__u32 zero = 0;
	struct long_event *d = bpf_map_lookup_elem(&drafts, &zero);

	if (d)
		begin(&d->e, kind);
	return d;
}

static __always_inline void submit_draft(struct long_event *d)
{
	__u64 size = sizeof(d->e) + (d->e.tail_len > TAIL_SIZE ? TAIL_SIZE : d->e.tail_len);

	count(&seen, d->e.kind);
	if (bpf_ringbuf_output(&events, d, size, BPF_RB_NO_WAKEUP))
		count(&lost, d->e.kind);
}
