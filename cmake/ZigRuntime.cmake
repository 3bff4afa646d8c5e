# Cross-builds the emitted program's runtime with `zig c++` into lib/lapidary/, from where `lapidary compile` links.
#
# Why zig: one wheel brings clang, musl and glibc stubs for every CPU target, so the machine that builds Lapidary needs no
# cross toolchain. zig keeps its libc in a private cache; we ask it for one link, read which files it handed to ld.lld
# and copy those, so that `ld.lld -static -pie` later needs nothing but our resource directory (and no zig).
#
#   lib/lapidary/x86_64-linux/       static-PIE programs: musl, start file, runtime, main
#   lib/lapidary/x86_64-linux/gnu/   --emit=library: the runtime alone, for people's glibc 2.28+ programs

set(LAPIDARY_ZIG_FLAGS -std=c++20 -O2 -Wall -Wextra -Wno-unused-parameter -fno-exceptions -fno-rtti
    -fno-sanitize=undefined -fno-stack-protector -ffunction-sections -fdata-sections -g0
    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." -I${CMAKE_SOURCE_DIR} -I${CMAKE_SOURCE_DIR}/runtime/include
    "-DLAPIDARY_VERSION=\"${PROJECT_VERSION}\"")

# lapidary_zig_object(OUT target source flags...): one custom command per file, rebuilt when a header it reads changes.
function(lapidary_zig_object out_object target source)
  file(RELATIVE_PATH relative "${CMAKE_SOURCE_DIR}" "${source}")
  set(object "${CMAKE_BINARY_DIR}/zig/${target}/${relative}.o")
  get_filename_component(folder "${object}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  set(extra)
  if(relative MATCHES "^runtime/src/cpu/")
    list(APPEND extra -ffp-contract=off) # numbers must not depend on the compiler's freedom to fuse
  endif()
  add_custom_command(OUTPUT "${object}"
    COMMAND "${LAPIDARY_ZIG}" c++ -target ${target} ${LAPIDARY_ZIG_FLAGS} ${extra} ${ARGN} -MD -MF "${object}.d"
            -c "${source}" -o "${object}"
    DEPENDS "${source}" DEPFILE "${object}.d" COMMENT "zig ${target} ${relative}" VERBATIM)
  set(${out_object} "${object}" PARENT_SCOPE)
endfunction()

# lapidary_zig_archive(file target SOURCES... FLAGS...): an archive with no dates or owners inside.
function(lapidary_zig_archive archive target)
  cmake_parse_arguments(ARG "" "" "SOURCES;FLAGS" ${ARGN})
  set(objects)
  foreach(source IN LISTS ARG_SOURCES)
    lapidary_zig_object(object ${target} "${source}" ${ARG_FLAGS})
    list(APPEND objects "${object}")
  endforeach()
  get_filename_component(folder "${archive}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(OUTPUT "${archive}"
    COMMAND "${CMAKE_COMMAND}" -E rm -f "${archive}"
    COMMAND "${LAPIDARY_ZIG}" ar rcsD "${archive}" ${objects}
    DEPENDS ${objects} COMMENT "Archiving ${archive}" VERBATIM COMMAND_EXPAND_LISTS)
endfunction()

# lapidary_zig_libc(directory target): copies rcrt1.o, libc.a, libzigc.a and libcompiler_rt.a out of zig's cache.
function(lapidary_zig_libc directory target)
  set(outputs "${directory}/rcrt1.o" "${directory}/libc.a" "${directory}/libzigc.a" "${directory}/libcompiler_rt.a")
  add_custom_command(OUTPUT ${outputs}
    COMMAND "${CMAKE_COMMAND}" "-DZIG=${LAPIDARY_ZIG}" "-DTARGET=${target}" "-DOUT=${directory}"
            "-DWORK=${CMAKE_BINARY_DIR}/zig" -P "${CMAKE_SOURCE_DIR}/cmake/CopyZigLibc.cmake"
    DEPENDS "${CMAKE_SOURCE_DIR}/cmake/CopyZigLibc.cmake"
    COMMENT "Building musl for ${target} (about a minute the first time)" VERBATIM)
endfunction()
