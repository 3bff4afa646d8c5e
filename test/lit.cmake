# Text tests: the target check-lit, and the CTest entry `lit`. Included by test/CMakeLists.txt.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(LAPIDARY_LIT NAMES lit lit.py llvm-lit HINTS "${LLVM_TOOLS_BINARY_DIR}" REQUIRED)
configure_file("${CMAKE_SOURCE_DIR}/test/lit.site.cfg.py.in" "${CMAKE_BINARY_DIR}/test/lit.site.cfg.py" @ONLY)

set(lit_command "${Python3_EXECUTABLE}" "${LAPIDARY_LIT}" -sv "${CMAKE_BINARY_DIR}/test")
add_custom_target(check-lit COMMAND ${lit_command} USES_TERMINAL VERBATIM)
# The tests run these; tools that a partial build leaves out are not required.
foreach(tool lapidary-opt lapidary-lsp-server lapidary lapidary-cudagen lapidary-docs)
  if(TARGET ${tool})
    add_dependencies(check-lit ${tool})
  endif()
endforeach()

add_test(NAME lit COMMAND ${lit_command})
set_tests_properties(lit PROPERTIES TIMEOUT 1200 LABELS lit)
