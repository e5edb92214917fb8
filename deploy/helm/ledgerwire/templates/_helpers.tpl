{{/* Base of all names, e.g. "prod-ledgerwire". */}}
{{- define "ledgerwire.fullname" -}}
{{- default (printf "%s-ledgerwire" .Release.Name) .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "ledgerwire.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end }}

{{/* Labels of everything. */}}
{{- define "ledgerwire.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/part-of: ledgerwire
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels by which pods of a workload are found; never changed once installed. Takes the workload. */}}
{{- define "ledgerwire.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: ledgerwire
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/*
All workloads as a JSON list: {name, app, vendor, kind, needs, config}. `name` is the deployment's and the consumer group's,
`app` the service of the image. Each vendor has a fetcher of its own.
*/}}
{{- define "ledgerwire.workloads" -}}
{{- $values := .Values -}}
{{- $facts := .Files.Get "files/services.yaml" | fromYaml -}}
{{- $vendors := (.Files.Get "files/catalogue.json" | fromJson).vendors -}}
{{- if not .Values.fetchers }}{{ fail (printf "fetchers: name at least one vendor whose books are read, e.g. fetchers: {xero: {}}. There are: %s" (join ", " $vendors)) }}{{ end -}}
{{- $list := list -}}
{{- range $app, $fact := $facts.services -}}
{{- $own := get $values.services $app | default dict -}}
{{- if eq $app "fetcher" -}}
{{- range $vendor, $override := $values.fetchers -}}
{{- if not (has $vendor $vendors) }}{{ fail (printf "fetchers: there is no vendor %q to read from. There are: %s" $vendor (join ", " $vendors)) }}{{ end -}}
{{- $config := mustMergeOverwrite (deepCopy $values.defaults) (deepCopy $own) (deepCopy ($override | default dict)) -}}
{{- $list = append $list (dict "name" (printf "fetcher-%s" $vendor) "app" $app "vendor" $vendor "kind" $fact.kind "needs" $fact.needs "variables" (concat $fact.common $fact.variables) "config" $config) -}}
{{- end -}}
{{- else -}}
{{- $config := mustMergeOverwrite (deepCopy $values.defaults) (deepCopy $own) -}}
{{- $list = append $list (dict "name" $app "app" $app "vendor" "" "kind" $fact.kind "needs" $fact.needs "variables" (concat $fact.common $fact.variables) "config" $config) -}}
{{- end -}}
{{- end -}}
{{- toJson $list -}}
{{- end }}

