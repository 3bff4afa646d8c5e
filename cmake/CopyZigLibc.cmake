# Script: cmake -DZIG=.. -DTARGET=.. -DOUT=.. -DWORK=.. -DSTART=[rcrt1.o|crt1.o|Scrt1.o] -DFLAGS=.. -P CopyZigLibc.cmake
# Links an empty program (without START a shared library), reads zig's ld.lld line and copies the start file and libraries
# named there to OUT.
file(MAKE_DIRECTORY "${WORK}" "${OUT}")
file(WRITE "${WORK}/empty.cpp" "int main() { return 0; }\n")
include("${CMAKE_CURRENT_LIST_DIR}/ZigLibraries.cmake")
lapidary_zig_libraries(libraries "${START}")
set(kind -static -pie -fPIE)
set(mark " -pie ")
if(START STREQUAL "crt1.o") # a program that is not position-independent
  set(kind -static)
  set(mark " -no-pie ")
elseif(START STREQUAL "Scrt1.o") # a program for the glibc of the machine it runs on; zig's is a list of its symbols
  set(kind -pie -fPIE)
elseif(START STREQUAL "") # a library of such programs; zig links its lists of glibc's symbols with -shared as well
  set(kind -shared -fPIC)
  set(mark " -shared -o ${WORK}/empty ")
endif()
execute_process(
  COMMAND "${ZIG}" c++ -target ${TARGET} ${FLAGS} -O2 ${kind} -fno-exceptions -fno-rtti --verbose
          "${WORK}/empty.cpp" -o "${WORK}/empty"
  RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE errors)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "zig could not link an empty program for ${TARGET}:\n${errors}")
endif()
string(APPEND text "${errors}")
# With an empty cache zig builds its libc first, and prints those links (ld.lld -r) as well: the program's has the mark.
set(link_line "")
string(REGEX MATCHALL "ld\\.lld [^\n]*" link_lines "${text}")
foreach(line IN LISTS link_lines)
  if(line MATCHES "${mark}")
    set(link_line "${line}")
  endif()
endforeach()
if(link_line STREQUAL "")
  message(FATAL_ERROR "zig printed no ld.lld line with${mark} for ${TARGET}: expected the version that "
                      "tools/install-dependencies.sh installs")
endif()
foreach(name ${START} ${libraries})
  string(REGEX REPLACE "([.+])" "\\\\\\1" pattern "${name}")
  if(NOT link_line MATCHES " (/[^ ]*/${pattern})( |$)")
    message(FATAL_ERROR "zig's link line names no ${name}:\n${link_line}")
  endif()
  file(COPY_FILE "${CMAKE_MATCH_1}" "${OUT}/${name}")
  file(TOUCH_NOCREATE "${OUT}/${name}")
endforeach()
