{{/* The environment of a container. Takes {root, workload}; workload as in ledgerwire.workloads, "setup" for the job. */}}
{{- define "ledgerwire.env" -}}
{{- $context := . -}}
{{- $root := .root -}}
{{- $sources := $root.Files.Get "files/variables.yaml" | fromYaml -}}
{{- range $name := .workload.variables }}
{{- $source := get $sources $name }}
{{- if hasKey $source "text" }}
- name: {{ $name }}
  value: {{ $source.text | quote }}
{{- else if hasKey $source "field" }}
- name: {{ $name }}
  valueFrom: { fieldRef: { fieldPath: {{ $source.field }} } }
{{- else if hasKey $source "value" }}
{{- $value := $root.Values }}
{{- range splitList "." $source.value }}{{ $value = get $value . }}{{ end }}
{{- $text := include "ledgerwire.text" $value }}
{{- if ne $text "" }}
- name: {{ $name }}
  value: {{ $text | quote }}
{{- end }}
{{- else if hasKey $source "make" }}
{{- with include $source.make $context }}
- name: {{ $name }}
  value: {{ . | quote }}
{{- end }}
{{- else }}
{{- with include $source.secret $context }}
- name: {{ $name }}
  valueFrom: { secretKeyRef: { name: {{ first (splitList "/" .) }}, key: {{ last (splitList "/" .) }} } }
{{- end }}
{{- end }}
{{- end }}
{{- with .workload.config.nodeOptions }}
- name: NODE_OPTIONS
  value: {{ . | quote }}
{{- end }}
{{- if $root.Values.kafka.caSecret.name }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/ledgerwire/kafka-ca/ca.crt
{{- end }}
{{- $known := get ($root.Files.Get "files/catalogue.json" | fromJson).settings .workload.app }}
{{- $app := .workload.app }}
{{- range $name, $value := .workload.config.settings }}
{{- if not (has $name $known) }}{{ fail (printf "settings: %s does not read %s, or it is filled by other values. There are: %s" $app $name (join ", " $known)) }}{{ end }}
- name: {{ $name }}
  value: {{ include "ledgerwire.text" $value | quote }}
{{- end }}
{{- end }}

{{/*
A value as text. Helm reads each number of a file as a float, and Go writes those from a million up as 1e+06. The fractions that
there are settings for are small.
*/}}
{{- define "ledgerwire.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{ printf "%.0f" . }}
{{- else -}}
{{ toString . }}
{{- end -}}
{{- end }}

{{- define "ledgerwire.publicBaseUrl" -}}
{{- $key := get (dict "ingress" "webhooks" "twilio-sender" "webhooks" "token-broker" "connect" "console" "console") .workload.app -}}
{{- required (printf "urls.%s: set the address under which the outside reaches it, e.g. https://%s.example.com" $key $key) (get .root.Values.urls $key) -}}
{{- end }}

{{- define "ledgerwire.tokenBrokerUrl" -}}
http://{{ include "ledgerwire.fullname" .root }}-token-broker:8080
{{- end }}

{{- define "ledgerwire.ingressUrl" -}}
http://{{ include "ledgerwire.fullname" .root }}-ingress:8080
{{- end }}

{{- define "ledgerwire.watchedServices" -}}
{{- $fullname := include "ledgerwire.fullname" .root -}}
{{- $entries := list -}}
{{- range include "ledgerwire.workloads" .root | fromJsonArray -}}
{{- $entries = append $entries (printf "%s=http://%s-%s:8080" .name $fullname .name) -}}
{{- end -}}
{{- join "," $entries -}}
{{- end }}

{{- define "ledgerwire.fetcherVendor" -}}
{{ .workload.vendor }}
{{- end }}

{{- define "ledgerwire.kafkaUser" -}}
{{ include "ledgerwire.fullname" .root }}-{{ .workload.name }}
{{- end }}

{{- define "ledgerwire.saslUsername" -}}
{{- if .root.Values.strimzi.users.enabled -}}
{{ include "ledgerwire.kafkaUser" . }}
{{- else -}}
{{ .root.Values.kafka.sasl.username }}
{{- end -}}
{{- end }}

{{- define "ledgerwire.saslMechanism" -}}
{{- if include "ledgerwire.saslUsername" . -}}
{{ .root.Values.kafka.sasl.mechanism }}
{{- end -}}
{{- end }}

{{- define "ledgerwire.saslPassword" -}}
{{- $sasl := .root.Values.kafka.sasl -}}
{{- if .root.Values.strimzi.users.enabled -}}
{{ include "ledgerwire.kafkaUser" . }}/password
{{- else if $sasl.username -}}
{{ required "kafka.sasl.existingSecret: name the Secret with the password of kafka.sasl.username" $sasl.existingSecret }}/{{ $sasl.passwordKey }}
{{- end -}}
{{- end }}

{{- define "ledgerwire.registryPassword" -}}
{{- $registry := .root.Values.registry -}}
{{- if $registry.username -}}
{{ required "registry.existingSecret: name the Secret with the password of registry.username" $registry.existingSecret }}/{{ $registry.passwordKey }}
{{- end -}}
{{- end }}

{{- define "ledgerwire.databaseUrl" -}}
{{- $database := .root.Values.database -}}
{{- $own := get $database.perService .workload.app | default dict -}}
{{ default $database.existingSecret $own.existingSecret }}/{{ default $database.urlKey $own.urlKey }}
{{- end }}

{{- define "ledgerwire.serviceToken" -}}
{{ .root.Values.serviceTokens.existingSecret }}/{{ .workload.app }}
{{- end }}

{{- define "ledgerwire.requeueToken" -}}
{{ .root.Values.serviceTokens.existingSecret }}/console
{{- end }}

{{- define "ledgerwire.serviceTokens" -}}
{{ .root.Values.tokenBroker.existingSecret }}/{{ .root.Values.tokenBroker.serviceTokensKey }}
{{- end }}

{{- define "ledgerwire.operatorToken" -}}
{{ .root.Values.tokenBroker.existingSecret }}/{{ .root.Values.tokenBroker.operatorTokenKey }}
{{- end }}

{{- define "ledgerwire.masterKeys" -}}
{{ .root.Values.tokenBroker.existingSecret }}/{{ .root.Values.tokenBroker.masterKeysKey }}
{{- end }}

{{- define "ledgerwire.consoleToken" -}}
{{ .root.Values.consoleAccess.existingSecret }}/{{ .root.Values.consoleAccess.tokenKey }}
{{- end }}
