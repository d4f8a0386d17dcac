// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* netspy's eBPF programs. Classic tracepoints only: these exist on every kernel since 5.8 (or are missing alone), and
 * the object fits all of them, on x86-64 and arm64. `make bpf` compiles it. */
#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "events.h"
#include "sockets.h"
#include "calls.h"
#include "packets.h"
#include "tcp.h"
#include "dns.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
