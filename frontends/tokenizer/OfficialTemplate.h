//===- OfficialTemplate.h - Gemma 4's turn format as a template ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// For checkpoints without a chat template, or with one that cannot be compiled. A template like any other, so that
// there is one way from a conversation to a prompt. It follows the published format (model card, prompt formatting):
// turns between <|turn> and <turn|>, tools and thinking in the system turn, calls and their results inside the model's
// turn. Tool parameters are declared as maps whose strings stand between <|"|>, keys sorted.
// Variables: those of transformers, and close_thought ("" or not): whether an answer without thinking starts with an
// empty thought, as the larger models expect.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_TOKENIZER_OFFICIALTEMPLATE_H
#define LAPIDARY_FRONTENDS_TOKENIZER_OFFICIALTEMPLATE_H

namespace lapidary {

inline constexpr const char officialTemplate[] = R"jinja(
{%- macro write(value) -%}
  {%- if value is string -%}<|"|>{{ value }}<|"|>
  {%- elif value is boolean -%}{{ 'true' if value else 'false' }}
  {%- elif value is none -%}null
  {%- elif value is mapping -%}{ {{- write_map(value) -}} }
  {%- elif value is sequence -%}[{% for item in value %}{{ write(item) }}{{ ',' if not loop.last }}{% endfor %}]
  {%- else -%}{{ value }}
  {%- endif -%}
{%- endmacro -%}
{%- macro write_map(map) -%}
  {%- for key, value in map | dictsort -%}{{ key }}:{{ write(value) }}{{ ',' if not loop.last }}{%- endfor -%}
{%- endmacro -%}
{%- macro write_schema(schema) -%}
  {%- set keys = ['description', 'enum', 'items', 'nullable', 'properties', 'required'] -%}
  {%- set ns = namespace(comma='') -%}
  {%- for key in keys -%}
    {%- set value = schema.get(key) -%}
    {%- if value -%}
      {{- ns.comma ~ key ~ ':' -}}
      {%- set ns.comma = ',' -%}
      {%- if key == 'properties' -%}
        { {%- for name, inner in value | dictsort -%}{{ name }}:{{ schema_of(inner) }}{{ ',' if not loop.last }}{%- endfor -%} }
      {%- elif key == 'items' and value is mapping -%}{{ schema_of(value) }}
      {%- else -%}{{ write(value) }}
      {%- endif -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if schema['type'] is string -%}{{ ns.comma }}type:<|"|>{{ schema['type'] | upper }}<|"|>{%- endif -%}
{%- endmacro -%}
{%- macro schema_of(schema) -%}{ {{- write_schema(schema) -}} }{%- endmacro -%}
{%- macro without_thoughts(text) -%}
  {%- set ns = namespace(text='') -%}
  {%- for part in text.split('<channel|>') -%}
    {%- set ns.text = ns.text + part.split('<|channel>')[0] -%}
  {%- endfor -%}
  {{- ns.text | trim -}}
{%- endmacro -%}
{%- macro write_content(content, role) -%}
  {%- set parts = [{'type': 'text', 'text': content}] if content is string else content or [] -%}
  {%- for part in parts -%}
    {%- if part['type'] == 'text' -%}{{ without_thoughts(part['text']) if role == 'model' else part['text'] | trim }}
    {%- elif part['type'] in ['image', 'audio', 'video'] -%}{{ '<|' ~ part['type'] ~ '|>' }}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro -%}
{{- bos_token -}}
{%- set has_system = messages and messages[0]['role'] in ['system', 'developer'] -%}
{%- if enable_thinking or tools or has_system -%}
  {{- '<|turn>system\n' -}}
  {%- if enable_thinking -%}{{ '<|think|>\n' }}{%- endif -%}
  {%- if has_system -%}{{ write_content(messages[0]['content'], 'system') }}{%- endif -%}
  {%- for tool in tools or [] -%}
    {%- set function = tool['function'] or tool -%}
    <|tool>declaration:{{ function['name'] }}{description:<|"|>{{ function['description'] }}<|"|>
    {%- if function['parameters'] -%},parameters:{{ schema_of(function['parameters']) }}{%- endif -%}
    }<tool|>
  {%- endfor -%}
  {{- '<turn|>\n' -}}
{%- endif -%}
{%- set state = namespace(open=false, calls=[]) -%}
{%- for message in (messages[1:] if has_system else messages) -%}
  {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
  {%- if role == 'tool' -%}
    {%- set content = message['content'] -%}
    {%- set ns = namespace(name=message['name'] or 'unknown') -%}
    {%- for call in state.calls -%}
      {%- if call['id'] and call['id'] == message['tool_call_id'] -%}{%- set ns.name = (call['function'] or call)['name'] -%}{%- endif -%}
    {%- endfor -%}
    {{- '<|tool_response>response:' ~ ns.name ~ '{' -}}
    {{- write_map(content) if content is mapping else 'value:' ~ write(write_content(content, 'tool')) -}}
    {{- '}<tool_response|>' -}}
    {%- set state.open = true -%}
  {%- else -%}
    {%- if state.open and role != 'model' -%}{{ '<turn|>\n' }}{%- endif -%}
    {%- if not (state.open and role == 'model') -%}{{ '<|turn>' ~ role ~ '\n' }}{%- endif -%}
    {%- set state.open = false -%}
    {%- set state.calls = message['tool_calls'] or [] -%}
    {%- for call in state.calls -%}
      {%- set function = call['function'] or call -%}
      {{- '<|tool_call>call:' ~ function['name'] ~ '{' -}}
      {{- write_map(function['arguments']) if function['arguments'] is mapping else function['arguments'] -}}
      {{- '}<tool_call|>' -}}
      {%- set state.open = true -%}
    {%- endfor -%}
    {{- write_content(message['content'], role) -}}
    {%- if not state.open -%}{{ '<turn|>\n' }}{%- endif -%}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt and not state.open -%}
  {{- '<|turn>model\n' -}}
  {%- if close_thought and not enable_thinking -%}{{ '<|channel>thought\n<channel|>' }}{%- endif -%}
{%- endif -%}
)jinja";

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_TOKENIZER_OFFICIALTEMPLATE_H
