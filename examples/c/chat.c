/* chat.c - a conversation with a tool, in C.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   lapidary compile MODEL_DIR --emit=library -o gemma4
 *   cc chat.c -Igemma4 gemma4/libgemma4.so -Wl,-rpath,$PWD/gemma4 -lpthread -lm -o chat
 *   ./chat gemma4/gemma4.weights "What is the time?"
 *
 * The model may call the tool `clock`. When it does, the program runs it, adds the result to the conversation and lets
 * the model go on. Text goes to standard output as it comes, thoughts to standard error. CHAT_TOKENS in the environment
 * bounds an answer. */
#include "lapidary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char tools[] =
    "[{\"type\": \"function\", \"function\": {\"name\": \"clock\", \"description\": \"the time of day\","
    " \"parameters\": {\"type\": \"object\", \"properties\": {\"utc\": {\"type\": \"boolean\", \"description\": \"in UTC\"}}}}}]";

static int fail(const lap_error *error) {
  fprintf(stderr, "error: %s\n", error->message);
  return 1;
}

/* The result of a call, as a message of the conversation. */
static lap_status answer_call(lap_chat *chat, const lap_chat_event *call, lap_error *error) {
  char text[128] = "unknown tool", message[512];
  time_t now = time(NULL);
  if (strcmp(call->text, "clock") == 0)
    strftime(text, sizeof text, "%H:%M", strstr(call->arguments, "true") ? gmtime(&now) : localtime(&now));
  int bytes = snprintf(message, sizeof message, "{\"role\": \"tool\", \"name\": \"%.100s\", \"content\": \"%s\"}",
                       strcmp(call->text, "clock") == 0 ? "clock" : "unknown", text);
  return lap_chat_add_json(chat, message, (size_t)bytes, error);
}

/* One answer; *out_calls is how many tools it called. */
static lap_status speak(lap_chat *chat, int *out_calls, lap_error *error) {
  lap_chat_event event;
  lap_answer_options options = {.struct_size = sizeof options};
  const char *limit = getenv("CHAT_TOKENS");
  /* A result belongs behind the answer that asked for it, so calls are kept until the answer has ended. */
  struct {
    char name[64], arguments[256];
  } calls[8];
  int count = 0;
  options.max_tokens = limit ? (uint32_t)atoi(limit) : 1024;
  lap_status status = lap_chat_answer(chat, &options, error);
  while (status == LAP_OK && (status = lap_chat_next(chat, &event, error)) == LAP_OK && event.kind != LAP_CHAT_END) {
    if (event.kind == LAP_CHAT_TEXT)
      fputs(event.text, stdout);
    else if (event.kind == LAP_CHAT_THOUGHT)
      fputs(event.text, stderr);
    else if (event.kind == LAP_CHAT_CALL && count < 8) {
      snprintf(calls[count].name, sizeof calls[count].name, "%s", event.text);
      snprintf(calls[count].arguments, sizeof calls[count].arguments, "%s", event.arguments);
      ++count;
    }
    fflush(stdout);
  }
  for (int i = 0; i < count && status == LAP_OK; ++i) {
    lap_chat_event call = {LAP_CHAT_CALL, calls[i].name, strlen(calls[i].name), calls[i].arguments,
                           strlen(calls[i].arguments)};
    status = answer_call(chat, &call, error);
  }
  *out_calls = count;
  return status;
}

static lap_status converse(lap_chat *chat, const char *question, lap_error *error) {
  lap_status status = lap_chat_add(chat, "user", question, strlen(question), error);
  int calls = 1;
  for (int turn = 0; turn < 4 && calls > 0 && status == LAP_OK; ++turn)
    status = speak(chat, &calls, error);
  putchar('\n');
  return status;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s FILE.weights QUESTION\n", argv[0]);
    return 2;
  }
  lap_model_options model_options = {sizeof model_options, argv[1]};
  lap_chat_options chat_options = {.struct_size = sizeof chat_options, .tools = tools, .tools_bytes = sizeof tools - 1};
  lap_model *model = NULL;
  lap_session *session = NULL;
  lap_chat *chat = NULL;
  lap_error error;
  int bad = lap_model_open(&model_options, &model, &error) || lap_session_create(model, NULL, &session, &error) ||
            lap_chat_create(session, &chat_options, &chat, &error) || converse(chat, argv[2], &error);
  if (bad)
    fail(&error);
  lap_chat_free(chat);
  lap_session_free(session);
  lap_model_close(model);
  return bad;
}
