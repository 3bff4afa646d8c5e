//===- Error.cpp - status texts and error formatting ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Error.h. The texts of lap_status_message are for callers that kept only the status; functions that fail write
// their own, specific line.
//===----------------------------------------------------------------------===//
#include "runtime/src/Error.h"

#include <stdarg.h>
#include <stdio.h>

namespace lap {

lap_status fail(lap_error *error, lap_status status, const char *format, ...) {
  if (error) {
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
  }
  return status;
}

} // namespace lap

extern "C" const char *lap_status_message(lap_status status) {
  switch (status) {
  case LAP_OK:
    return "success";
  case LAP_INVALID_ARGUMENT:
    return "invalid argument";
  case LAP_CONTEXT_FULL:
    return "the tokens do not fit into the context";
  case LAP_BAD_FILE:
    return "the file is damaged or does not belong to this program";
  case LAP_UNSUPPORTED_CPU:
    return "this CPU lacks instructions the program was compiled for";
  case LAP_OUT_OF_MEMORY:
    return "not enough memory";
  case LAP_IO_ERROR:
    return "the operating system refused an operation";
  case LAP_UNAVAILABLE:
    return "the program was compiled without this part";
  case LAP_BUFFER_TOO_SMALL:
    return "the buffer is too small";
  case LAP_NUMERIC_ERROR:
    return "the logits are not numbers";
  case LAP_NO_DEVICE:
    return "there is no GPU that this program runs on";
  case LAP_DEVICE_FAILED:
    return "the GPU or its driver failed";
  }
  return "unknown status";
}
