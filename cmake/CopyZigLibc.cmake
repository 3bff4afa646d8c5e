# Script: cmake -DZIG=.. -DTARGET=.. -DOUT=.. -DWORK=.. -P CopyZigLibc.cmake
# Links an empty program, reads zig's ld.lld line and copies the start file and libraries named there to OUT.
file(MAKE_DIRECTORY "${WORK}" "${OUT}")
file(WRITE "${WORK}/empty.cpp" "int main() { return 0; }\n")
execute_process(
  COMMAND "${ZIG}" c++ -target ${TARGET} -O2 -static -pie -fPIE -fno-exceptions -fno-rtti --verbose
          "${WORK}/empty.cpp" -o "${WORK}/empty"
  RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE errors)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "zig could not link an empty program for ${TARGET}:\n${errors}")
endif()
string(APPEND text "${errors}")
if(NOT text MATCHES "(^|\n)(ld\\.lld [^\n]*)")
  message(FATAL_ERROR "zig printed no ld.lld line for ${TARGET}: the wheel's version is not the one in requirements.txt")
endif()
set(link_line "${CMAKE_MATCH_2}")
foreach(name rcrt1.o libc.a libzigc.a libcompiler_rt.a)
  string(REPLACE "." "\\." pattern "${name}")
  if(NOT link_line MATCHES " (/[^ ]*/${pattern})")
    message(FATAL_ERROR "zig's link line names no ${name}:\n${link_line}")
  endif()
  file(COPY_FILE "${CMAKE_MATCH_1}" "${OUT}/${name}")
  file(TOUCH_NOCREATE "${OUT}/${name}")
endforeach()
