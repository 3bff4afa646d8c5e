# Cross-builds the emitted program's runtime with `zig c++` into lib/lapidary/, from where `lapidary compile` links.
#
# Why zig: one wheel brings clang, musl and glibc stubs for every CPU target, so the machine that builds Lapidary needs no
# cross toolchain. zig keeps its libc in a private cache; we ask it for one link, read which files it handed to ld.lld
# and copy those, so that `ld.lld -static -pie` later needs nothing but our resource directory (and no zig).
#
#   lib/lapidary/TARGET/       static-PIE programs: musl, start file, runtime, main
#   lib/lapidary/TARGET/gnu/   --emit=library: the runtime and the symbols of glibc 2.28, for people's programs with that or newer
#   lib/lapidary/cuda/         programs that need the system's glibc 2.28+, because they open libcuda
include_guard(GLOBAL)
include("${CMAKE_CURRENT_LIST_DIR}/ZigLibraries.cmake")

# Everything below lib/lapidary; `lapidary` depends on it.
add_custom_target(lapidary-resources ALL)

set(LAPIDARY_ZIG_FLAGS -std=c++20 -O2 -Wall -Wextra -Wno-unused-parameter -fno-exceptions -fno-rtti
    -fno-sanitize=undefined -fno-stack-protector -ffunction-sections -fdata-sections -g0
    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." -I${CMAKE_SOURCE_DIR} -I${CMAKE_SOURCE_DIR}/runtime/include
    -isystem ${LAPIDARY_RUNTIME_HEADERS}
    "-DLAPIDARY_VERSION=\"${PROJECT_VERSION}\"")

# lapidary_zig_object(OUT target source [VARIANT name] flags...): one custom command per file, rebuilt when a header it
# reads changes. VARIANT: a file that is compiled several times, with different flags, has one for each.
function(lapidary_zig_object out_object target source)
  cmake_parse_arguments(PARSE_ARGV 3 OBJECT "" "VARIANT" "")
  file(RELATIVE_PATH relative "${CMAKE_SOURCE_DIR}" "${source}")
  if(relative MATCHES "^\\.\\./") # GoogleTest's sources
    string(SUBSTRING "${source}" 1 -1 relative)
  endif()
  set(object "${CMAKE_BINARY_DIR}/zig/${target}/${OBJECT_VARIANT}/${relative}.o")
  cmake_path(NORMAL_PATH object)
  get_filename_component(folder "${object}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  set(extra)
  if(relative MATCHES "^runtime/src/cpu/")
    list(APPEND extra -ffp-contract=off) # numbers must not depend on the compiler's freedom to fuse
  endif()
  if(relative MATCHES "^runtime/src/server/")
    list(APPEND extra -fexceptions -frtti -isystem "${LAPIDARY_SERVER_HEADERS}")
  endif()
  add_custom_command(OUTPUT "${object}"
    COMMAND "${LAPIDARY_ZIG}" c++ -target ${target} ${LAPIDARY_ZIG_FLAGS} ${extra} ${OBJECT_UNPARSED_ARGUMENTS}
            -MD -MF "${object}.d" -c "${source}" -o "${object}"
    DEPENDS "${source}" DEPFILE "${object}.d" COMMENT "zig ${target} ${OBJECT_VARIANT} ${relative}" VERBATIM)
  set(${out_object} "${object}" PARENT_SCOPE)
endfunction()

# lapidary_zig_archive(file target [VARIANT name] SOURCES... FLAGS... [OBJECTS...]): an archive with no dates or owners inside.
# OBJECTS: of lapidary_zig_object, that go in as well.
function(lapidary_zig_archive archive target)
  cmake_parse_arguments(ARG "" "VARIANT" "SOURCES;FLAGS;OBJECTS" ${ARGN})
  set(objects ${ARG_OBJECTS})
  if(ARG_VARIANT)
    list(PREPEND ARG_FLAGS VARIANT ${ARG_VARIANT})
  endif()
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

# lapidary_zig_libc(directory target start flags...): copies the start file (rcrt1.o of a position-independent static
# program, crt1.o of one that is not, Scrt1.o of one for the system's glibc, "" of a library for it) and the libraries of C
# and C++ out of zig's cache.
function(lapidary_zig_libc directory target start)
  set(outputs)
  lapidary_zig_libraries(libraries "${start}")
  foreach(name ${start} ${libraries})
    list(APPEND outputs "${directory}/${name}")
  endforeach()
  add_custom_command(OUTPUT ${outputs}
    COMMAND "${CMAKE_COMMAND}" "-DZIG=${LAPIDARY_ZIG}" "-DTARGET=${target}" "-DOUT=${directory}"
            "-DWORK=${CMAKE_BINARY_DIR}/zig/${target}/libc" "-DSTART=${start}" "-DFLAGS=${ARGN}" -P "${CMAKE_SOURCE_DIR}/cmake/CopyZigLibc.cmake"
    DEPENDS "${CMAKE_SOURCE_DIR}/cmake/CopyZigLibc.cmake" "${CMAKE_SOURCE_DIR}/cmake/ZigLibraries.cmake"
    COMMENT "Building the libc of ${target} (about a minute the first time)" VERBATIM)
endfunction()

# lapidary_zig_main(directory target flags...): the entry of programs, lapidary_main.o.
function(lapidary_zig_main directory target)
  lapidary_zig_object(object ${target} "${LAPIDARY_RUNTIME_MAIN}" ${ARGN})
  add_custom_command(OUTPUT "${directory}/lapidary_main.o"
    COMMAND "${CMAKE_COMMAND}" -E copy "${object}" "${directory}/lapidary_main.o"
    DEPENDS "${object}" VERBATIM)
endfunction()

# lapidary_program_runtime(name MUSL target GLIBC target [FIXED] [NO_SERVER] FLAGS ...): all that programs and libraries of
# the CPU target `name` are linked with, for zig's two targets (which may be one, on a system without glibc). FLAGS: the
# oldest CPU that must be able to start a program. FIXED: programs are not position-independent. NO_SERVER: they have no
# `serve`.
function(lapidary_program_runtime name)
  cmake_parse_arguments(ARG "FIXED;NO_SERVER" "MUSL;GLIBC" "FLAGS" ${ARGN})
  set(resources "${CMAKE_BINARY_DIR}/lib/lapidary/${name}")
  set(start rcrt1.o)
  set(flags ${ARG_FLAGS} -fPIE)
  if(ARG_FIXED)
    set(start crt1.o)
    set(flags ${ARG_FLAGS} -fno-PIE)
  endif()
  set(files "${resources}/liblapidary_rt.a" "${resources}/lapidary_main.o" "${resources}/gnu/liblapidary_rt.a"
      "${resources}/${start}" "${resources}/libc.a")
  set(library "")
  if(ARG_GLIBC STREQUAL ARG_MUSL)
    set(library VARIANT library)
  else()
    list(APPEND files "${resources}/gnu/libc.so.6")
    lapidary_zig_libc("${resources}/gnu" ${ARG_GLIBC} "" ${ARG_FLAGS})
  endif()
  lapidary_zig_archive("${resources}/liblapidary_rt.a" ${ARG_MUSL} SOURCES ${LAPIDARY_RUNTIME_SOURCES} FLAGS ${flags})
  lapidary_zig_archive("${resources}/gnu/liblapidary_rt.a" ${ARG_GLIBC} ${library} SOURCES ${LAPIDARY_RUNTIME_SOURCES}
                       FLAGS ${ARG_FLAGS} -fPIC)
  set(main_flags ${flags})
  if(ARG_NO_SERVER)
    list(APPEND main_flags -DLAPIDARY_WITHOUT_SERVER)
  else()
    list(APPEND files "${resources}/liblapidary_server.a")
    lapidary_zig_archive("${resources}/liblapidary_server.a" ${ARG_MUSL} SOURCES ${LAPIDARY_SERVER_SOURCES}
                         FLAGS ${flags})
  endif()
  lapidary_zig_main("${resources}" ${ARG_MUSL} ${main_flags})
  lapidary_zig_libc("${resources}" ${ARG_MUSL} ${start} ${ARG_FLAGS})
  add_custom_target(lapidary-runtime-${name} ALL DEPENDS ${files})
  add_dependencies(lapidary-resources lapidary-runtime-${name})
endfunction()

# lapidary_cuda_program_runtime(name GLIBC target FLAGS ...): the same for programs that run on a GPU. Their host half is
# linked with the system's glibc (a static program cannot open libcuda); programs and libraries share one archive.
function(lapidary_cuda_program_runtime name)
  cmake_parse_arguments(ARG "" "GLIBC" "FLAGS" ${ARGN})
  set(resources "${CMAKE_BINARY_DIR}/lib/lapidary/${name}")
  set(flags ${ARG_FLAGS} -fPIC)
  lapidary_zig_archive("${resources}/liblapidary_rt.a" ${ARG_GLIBC} VARIANT ${name}
                       SOURCES ${LAPIDARY_CUDA_RUNTIME_SOURCES} FLAGS ${flags})
  lapidary_zig_archive("${resources}/liblapidary_server.a" ${ARG_GLIBC} VARIANT ${name}
                       SOURCES ${LAPIDARY_SERVER_SOURCES} FLAGS ${flags})
  lapidary_zig_main("${resources}" ${ARG_GLIBC} VARIANT ${name} ${flags})
  lapidary_zig_libc("${resources}" ${ARG_GLIBC} Scrt1.o ${ARG_FLAGS})
  add_custom_target(lapidary-runtime-${name} ALL
    DEPENDS "${resources}/liblapidary_rt.a" "${resources}/liblapidary_server.a" "${resources}/lapidary_main.o"
            "${resources}/Scrt1.o" "${resources}/libc.so.6")
  add_dependencies(lapidary-resources lapidary-runtime-${name})
endfunction()
