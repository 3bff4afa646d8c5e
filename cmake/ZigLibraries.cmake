# lapidary_zig_libraries(OUT start): the libraries of C and C++ beside a start file in zig's link line: rcrt1.o and crt1.o begin
# static programs, Scrt1.o programs that the system's loader links with its glibc. A shared library has no start file (""),
# and ours has no C++ library.
function(lapidary_zig_libraries out start)
  set(libraries libcompiler_rt.a)
  if(NOT start STREQUAL "")
    list(APPEND libraries libc++.a libc++abi.a libunwind.a)
  endif()
  if(start STREQUAL "Scrt1.o" OR start STREQUAL "")
    list(APPEND libraries libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 libc_nonshared.a)
  else()
    list(APPEND libraries libc.a libzigc.a)
  endif()
  set(${out} ${libraries} PARENT_SCOPE)
endfunction()
