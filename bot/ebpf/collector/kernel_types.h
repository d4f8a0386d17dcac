/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The few kernel types that netspy reads. libbpf finds every field by its name in the running kernel's BTF when it
 * loads the object (CO-RE): the layouts below match no kernel and need not, and no vmlinux.h is shipped. */
#pragma once

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };

enum { BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_LRU_HASH = 9, BPF_MAP_TYPE_RINGBUF = 27 };
enum { BPF_ANY = 0, BPF_RB_NO_WAKEUP = 1 };
enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2 };
enum { ETH_P_IP = 0x0800, ETH_P_IPV6 = 0x86dd };
enum { IPPROTO_ICMP = 1, IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_ICMPV6 = 58, IPPROTO_SCTP = 132, IPPROTO_UDPLITE = 136 };
enum { S_IFMT = 0170000, S_IFSOCK = 0140000 };
enum tcp_state {
	TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_TIME_WAIT,
	TCP_CLOSE, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING, TCP_NEW_SYN_RECV,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
typedef struct { struct net *net; } possible_net_t;
typedef struct { __u32 val; } kuid_t;
struct in6_addr { union { __u8 u6_addr8[16]; } in6_u; };

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct kernfs_node { __u64 id; };
struct cgroup { struct kernfs_node *kn; };
struct sock_cgroup_data { struct cgroup *cgroup; };
struct sk_buff_head { struct sk_buff *next; __u32 qlen; };
struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_error_queue;
	__u16 sk_protocol, sk_type;
	int sk_err;
	kuid_t sk_uid;
	struct sock_cgroup_data sk_cgrp_data;
};
struct inet_sock { __be16 inet_sport; };
struct tcp_sock { __u64 bytes_sent, bytes_retrans, bytes_received; __u32 srtt_us, total_retrans; };
struct request_sock { struct sock_common __req_common; __u8 num_retrans; };

struct socket { short type; struct sock *sk; };
struct inode { unsigned short i_mode; };
struct file { struct inode *f_inode; void *private_data; };
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct task_struct { struct files_struct *files; };

struct net_device { char name[16]; int ifindex; possible_net_t nd_net; };
struct dst_entry { struct net_device *dev; };
struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned long _skb_refdst;
	unsigned int len, data_len;
	__be16 protocol;
	__u16 network_header;
	int skb_iif;
	unsigned char *head, *data;
	char cb[48];
};
struct sock_extended_err { __u8 ee_origin; };
struct sock_exterr_skb { struct sock_extended_err ee; };

/* Whether a field exists is asked with its type: an enum must be declared as one, or the answer is always no. */
enum skb_drop_reason { SKB_DROP_REASON_ANY, SKB_DROP_REASON_NEIGH_FAILED };
enum sk_rst_reason { SK_RST_REASON_ANY };
struct trace_event_raw_kfree_skb { void *skbaddr, *location, *rx_sk; enum skb_drop_reason reason; };
struct trace_event_raw_tcp_send_reset { enum sk_rst_reason reason; };
struct trace_event_raw_tcp_retransmit_skb { int err; };

#pragma clang attribute pop

/* BPF_CORE_READ(ctx->skb, len) would look for these contexts in BTF, too: their pointers are taken out first.
 *
 * Contexts of tracepoints whose first fields are the same on every kernel since 5.8. Behind them come fields that moved:
 * those are read by name, with the types above. */
struct sys_enter { __u64 common; long id; unsigned long args[6]; };
struct sys_exit { __u64 common; long id; long ret; };
struct sk_state_context { __u64 common; struct sock *sk; int oldstate, newstate; };
struct sk_context { __u64 common; struct sock *sk; };
struct sk_req_context { __u64 common; struct sock *sk; struct request_sock *req; };
struct skb_context { __u64 common; struct sk_buff *skb; };
struct skb_sk_context { __u64 common; struct sk_buff *skb; struct sock *sk; };
struct icmp_context { __u64 common; struct sk_buff *skb; int type, code; };
struct sk_error_context {
	__u64 common;
	int error;
	__u16 sport, dport, family, protocol;
	__u8 saddr[4], daddr[4], saddr_v6[16], daddr_v6[16];
};
