//===- Chat.h - a chat on a terminal --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Lines are user messages, lines that start with / are commands. Ctrl-C stops an answer, Ctrl-D ends the chat.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_CHAT_H
#define LAPIDARY_RUNTIME_CLI_CHAT_H

#include "runtime/src/cli/Answer.h"

namespace lap {

/// Opens the session and chats until the end of input.
ExitCode chatOnTerminal(Program &program, Output &out);

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_CHAT_H
