# The few functions every folder's CMakeLists.txt uses.

# lapidary_library(Name SOURCES a.cpp b.cpp LINK OtherLib ...): a static library of the compiler.
function(lapidary_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# lapidary_unittest(NameTest SOURCES a.cpp LINK ...): one GoogleTest program, registered with CTest.
# LAPIDARY_SOURCE_DIR is defined so that tests find their data wherever they run.
function(lapidary_unittest name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main Threads::Threads)
  target_compile_definitions(${name} PRIVATE LAPIDARY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
endfunction()
