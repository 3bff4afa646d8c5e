# How a target's tests run the kernel conformance suite (targets/common/conformance) on its kernels.
include_guard(GLOBAL)

set(LAPIDARY_GTEST_SOURCE "/usr/src/googletest/googletest" CACHE PATH "GoogleTest's sources, for emulated machines")
set(folder "${CMAKE_CURRENT_LIST_DIR}/../targets/common/conformance")
cmake_path(NORMAL_PATH folder)
set(LAPIDARY_CONFORMANCE_FOLDER "${folder}")
set(LAPIDARY_CONFORMANCE_SUITE "")
foreach(file AttentionScenes AttentionSequencesTest AttentionTest ElementwiseTest ExpertTest Harness IntegerAttention
             IntegerAttentionTest Main MatmulReference MatmulTest NormTest QuantizeTest)
  list(APPEND LAPIDARY_CONFORMANCE_SUITE "${folder}/${file}.cpp")
endforeach()

# lapidary_kernel_objects(isa target): the objects of all Halide kernels of a level; their folder in <isa>_OBJECTS.
function(lapidary_kernel_objects isa target)
  set(objects "${CMAKE_CURRENT_BINARY_DIR}/${isa}")
  add_custom_command(OUTPUT "${objects}.stamp"
    COMMAND "${CMAKE_COMMAND}" -E rm -rf "${objects}"
    COMMAND lapidary-kernelgen --target=${target} --all -o "${objects}/"
    COMMAND "${CMAKE_COMMAND}" -E touch "${objects}.stamp"
    DEPENDS lapidary-kernelgen COMMENT "Kernels for ${isa}" VERBATIM)
  set(${isa}_OBJECTS "${objects}" PARENT_SCOPE)
endfunction()

# lapidary_conformance_test(isa target features): test KernelConformance.<isa> on this machine; skipped, by the suite,
# where it lacks one of the features (comma separated, as in /proc/cpuinfo). Further arguments: archives of kernels
# written by hand. Leaves the shared library <isa>.so.
function(lapidary_conformance_test isa target features)
  string(JOIN " " archives ${ARGN})
  lapidary_kernel_objects(${isa} ${target})
  set(library "${CMAKE_CURRENT_BINARY_DIR}/${isa}.so")
  add_custom_command(OUTPUT "${library}"
    COMMAND sh -c "${CMAKE_CXX_COMPILER} -shared -o ${library} ${${isa}_OBJECTS}/*.o -Wl,--whole-archive ${archives} -Wl,--no-whole-archive"
    DEPENDS "${${isa}_OBJECTS}.stamp" ${ARGN} VERBATIM)
  add_custom_target(kernels-${isa} ALL DEPENDS "${library}")
  add_test(NAME KernelConformance.${isa}
    COMMAND kernel-conformance "--kernels=${library}" --isa=${isa} "--features=${features}")
endfunction()

# lapidary_emulated_suite(isa target ZIG zig-target RUNTIME archive ARCHIVES .. FLAGS ..): the suite as a static program
# kernel-conformance-<isa> with the level's Halide kernels and the archives of those written by hand linked in. `target`
# is "" when all kernels are written by hand. FLAGS: those of zig for the machine.
function(lapidary_emulated_suite isa target)
  cmake_parse_arguments(ARG "" "ZIG;RUNTIME" "ARCHIVES;FLAGS" ${ARGN})
  set(generated "")
  set(stamp "")
  set(link "")
  if(target)
    lapidary_kernel_objects(${isa} ${target})
    set(generated "${${isa}_OBJECTS}")
    set(stamp "${generated}.stamp")
    set(link "'${generated}'/*.o")
  endif()
  set(table "${CMAKE_CURRENT_BINARY_DIR}/${isa}-kernels.cpp")
  add_custom_command(OUTPUT "${table}"
    COMMAND "${LAPIDARY_VENV}/bin/python" "${CMAKE_SOURCE_DIR}/test/targets/kernels/kernel_table.py"
            "${LLVM_TOOLS_BINARY_DIR}/llvm-nm" "${table}" ${isa} ${generated} ${ARG_ARCHIVES}
    DEPENDS ${stamp} ${ARG_ARCHIVES} "${CMAKE_SOURCE_DIR}/test/targets/kernels/kernel_table.py"
    VERBATIM)
  set(objects "")
  set(flags ${ARG_FLAGS} -ffp-contract=off
      -isystem "${LAPIDARY_GTEST_SOURCE}/include" "-I${LAPIDARY_GTEST_SOURCE}")
  foreach(source ${LAPIDARY_CONFORMANCE_SUITE} "${LAPIDARY_CONFORMANCE_FOLDER}/LinkedLibrary.cpp" "${table}"
                 "${LAPIDARY_GTEST_SOURCE}/src/gtest-all.cc")
    lapidary_zig_object(object ${ARG_ZIG} "${source}" ${flags})
    list(APPEND objects "${object}")
  endforeach()
  set(program "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/kernel-conformance-${isa}")
  add_custom_command(OUTPUT "${program}"
    COMMAND sh -c "'${LAPIDARY_ZIG}' c++ -target ${ARG_ZIG} -static -o '${program}' \"$@\" ${link}" zig
            ${ARG_FLAGS} ${objects} ${ARG_ARCHIVES} "${ARG_RUNTIME}"
    DEPENDS ${objects} ${ARG_ARCHIVES} "${ARG_RUNTIME}" ${stamp} COMMENT "Linking ${program}" VERBATIM)
  add_custom_target(kernel-conformance-${isa} ALL DEPENDS "${program}")
endfunction()

# lapidary_emulated_conformance_test(isa cpu features INTEGERS signed|offset EMULATOR word .. [ARGUMENTS word ..]): test
# KernelConformance.<isa>.<cpu>, of a target whose weights are stored so: the whole suite, long sequences as for slow
# machines.
function(lapidary_emulated_conformance_test isa cpu features)
  cmake_parse_arguments(ARG "" "INTEGERS" "EMULATOR;ARGUMENTS" ${ARGN})
  add_test(NAME KernelConformance.${isa}.${cpu}
    COMMAND ${ARG_EMULATOR} "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/kernel-conformance-${isa}" --isa=${isa}
            "--features=${features}" --integers=${ARG_INTEGERS} --slow ${ARG_ARGUMENTS})
endfunction()
