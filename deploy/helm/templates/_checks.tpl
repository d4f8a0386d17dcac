{{/* What the schema of the values cannot say. */}}
{{- define "netspy.checks" -}}
{{- if and (gt (int .Values.bot.replicas) 1) (not .Values.database.existingSecret) -}}
{{- fail (printf "bot.replicas is %d, and without PostgreSQL there can be one: they would not know of each other. Set database.existingSecret to a Secret whose key NETSPY_DATABASE_URL is postgresql://USER:PASSWORD@HOST/NAME, or bot.replicas to 1" (int .Values.bot.replicas)) -}}
{{- end -}}
{{- if and (not .Values.collector.enabled) (not .Values.bot.settings.NETSPY_EBPF_URL) -}}
{{- fail "collector.enabled is false, and bot.settings.NETSPY_EBPF_URL names no other source: there would be nothing to answer from. Set one of them" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.enabled is true without ingress.host: set the name under which Slack reaches it" -}}
{{- end -}}
{{- end -}}
