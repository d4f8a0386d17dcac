{{/* What a collector reads of its node. The kubelet's links to logs are named after pods; what they point to is not there. */}}
{{- define "netspy.collector.paths" -}}
tracefs:
  outside: /sys/kernel/tracing
  inside: /sys/kernel/tracing
cgroups:
  outside: /sys/fs/cgroup
  inside: /sys/fs/cgroup
pod-names:
  outside: /var/log/containers
  inside: /host/var/log/containers
{{- end -}}
