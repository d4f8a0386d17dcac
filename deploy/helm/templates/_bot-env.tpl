{{/* Settings of the bot. What stands here wins over the Secret of envFrom. */}}
{{- define "netspy.bot.env" -}}
- name: NETSPY_GRACE_S
  value: {{ .Values.bot.graceSeconds | quote }}
{{- if .Values.collector.enabled }}
{{- if not .Values.bot.settings.NETSPY_EBPF_URL }}
- name: NETSPY_EBPF_URL
  value: "*=http://{{ include "netspy.collector.name" . }}:8080"
{{- end }}
- name: NETSPY_EBPF_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.collector.existingSecret }}
      key: NETSPY_EBPF_TOKEN
{{- end }}
{{- with .Values.database.existingSecret }}
- name: NETSPY_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: NETSPY_DATABASE_URL
{{- end }}
{{- $settings := dict "policy.toml" "NETSPY_POLICY" "workflows.toml" "NETSPY_WORKFLOWS" "mcp.json" "NETSPY_MCP_CONFIG" }}
{{- range $file, $setting := $settings }}
{{- if index $.Values.bot.files $file }}
- name: {{ $setting }}
  value: /etc/netspy/{{ $file }}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.bot.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}
