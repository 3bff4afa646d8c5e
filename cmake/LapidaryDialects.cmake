# TableGen for dialects and passes, and the reference pages made from the same files.
# Pages of every dialect and pass folder are collected by the target lapidary-docs into <build>/docs.
include_guard(GLOBAL)

# Part of the default build: it is quick, and a test reads the pages.
add_custom_target(lapidary-docs ALL)

# lapidary_doc(Page File.td option...): <build>/docs/Page.md by mlir-tblgen.
function(lapidary_doc page file)
  set(output "${CMAKE_BINARY_DIR}/docs/${page}.md")
  get_directory_property(directories INCLUDE_DIRECTORIES)
  list(TRANSFORM directories PREPEND "-I" OUTPUT_VARIABLE flags)
  file(GLOB definitions CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.td")
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/docs")
  add_custom_command(OUTPUT "${output}"
    COMMAND ${MLIR_TABLEGEN_EXE} ${ARGN} ${flags} "${CMAKE_CURRENT_SOURCE_DIR}/${file}" -o "${output}"
    DEPENDS ${definitions} VERBATIM)
  add_custom_target(${page}Doc DEPENDS "${output}")
  add_dependencies(lapidary-docs ${page}Doc)
endfunction()

# lapidary_dialect(Name mnemonic INTERFACES File.td LINK ... SOURCES ...): library Lapidary<Name>Dialect from
# <Name>Ops.td and <Name>Types.td / <Name>Attrs.td included by it; page <Name>Dialect.md. The op interfaces of
# INTERFACES become <File>.h.inc / .cpp.inc.
function(lapidary_dialect name mnemonic)
  cmake_parse_arguments(ARG "" "INTERFACES" "SOURCES;LINK;DEPENDS" ${ARGN})
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  foreach(kind decls defs)
    set(suffix h)
    if(kind STREQUAL defs)
      set(suffix cpp)
    endif()
    mlir_tablegen(${name}Dialect.${suffix}.inc -gen-dialect-${kind} -dialect=${mnemonic})
    mlir_tablegen(${name}Types.${suffix}.inc -gen-typedef-${kind} -typedefs-dialect=${mnemonic})
    mlir_tablegen(${name}Attrs.${suffix}.inc -gen-attrdef-${kind} -attrdefs-dialect=${mnemonic})
    mlir_tablegen(${name}Ops.${suffix}.inc -gen-op-${kind} -dialect=${mnemonic})
  endforeach()
  # Interface generation looks only at the file itself, not at what it includes.
  get_filename_component(stem "${ARG_INTERFACES}" NAME_WE)
  set(LLVM_TARGET_DEFINITIONS ${ARG_INTERFACES})
  mlir_tablegen(${stem}.h.inc -gen-op-interface-decls)
  mlir_tablegen(${stem}.cpp.inc -gen-op-interface-defs)
  mlir_tablegen(${name}TypeInterfaces.h.inc -gen-type-interface-decls)
  mlir_tablegen(${name}TypeInterfaces.cpp.inc -gen-type-interface-defs)
  add_public_tablegen_target(Lapidary${name}IncGen)

  lapidary_library(Lapidary${name}Dialect SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} MLIR LLVM
                   DEPENDS Lapidary${name}IncGen ${ARG_DEPENDS})
  lapidary_doc(${name}Dialect ${name}Ops.td -gen-dialect-doc -dialect=${mnemonic})
endfunction()

# lapidary_passes(Name File.td): <File>.h.inc with the declarations and registration of the passes, target
# Lapidary<Name>IncGen, page <Name>.md.
function(lapidary_passes name file)
  get_filename_component(stem "${file}" NAME_WE)
  set(LLVM_TARGET_DEFINITIONS ${file})
  mlir_tablegen(${stem}.h.inc -gen-pass-decls -name=${name})
  add_public_tablegen_target(Lapidary${name}IncGen)
  lapidary_doc(${name} ${file} -gen-pass-doc)
endfunction()
