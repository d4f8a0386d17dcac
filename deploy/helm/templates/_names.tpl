{{/* Names, labels and images. */}}
{{- define "netspy.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "netspy.collector.name" -}}
{{ include "netspy.name" . }}-collector
{{- end -}}

{{/* (context, component): what a selector selects; it must never change. */}}
{{- define "netspy.selector" -}}
app.kubernetes.io/name: netspy
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "netspy.labels" -}}
{{ include "netspy.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* (context, values of an image) */}}
{{- define "netspy.image" -}}
{{ (index . 1).repository }}:{{ default (index . 0).Chart.AppVersion (index . 1).tag }}
{{- end -}}
