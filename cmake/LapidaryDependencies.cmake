# Everything we depend on and do not vendor. tools/install-dependencies.sh puts it on a Debian 12 machine.
set(LAPIDARY_VENV "/opt/lapidary-venv" CACHE PATH "Python environment with ziglang and halide (tools/install-dependencies.sh)")

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_definitions(${LLVM_DEFINITIONS_LIST})
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})

find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED) # link it as LapidaryProtobuf only (frontends/tokenizer)

# RE2, static where Debian's archive is, so that the compiler runs on machines without it.
find_library(LAPIDARY_RE2 NAMES libre2.a re2 REQUIRED)
add_library(LapidaryRe2 INTERFACE)
target_link_libraries(LapidaryRe2 INTERFACE "${LAPIDARY_RE2}" Threads::Threads)

file(GLOB LAPIDARY_HALIDE_ROOT "${LAPIDARY_VENV}/lib/python3.*/site-packages/halide")
file(GLOB LAPIDARY_ZIG "${LAPIDARY_VENV}/lib/python3.*/site-packages/ziglang/zig")
if(NOT LAPIDARY_HALIDE_ROOT OR NOT LAPIDARY_ZIG)
  message(FATAL_ERROR "Halide or zig not found below ${LAPIDARY_VENV}: run tools/install-dependencies.sh")
endif()

# Headers of the emitted server. zig must not see the rest of /usr/include, which is the host's libc.
find_path(LAPIDARY_BOOST boost/beast/version.hpp REQUIRED)
find_path(LAPIDARY_NLOHMANN nlohmann/json.hpp REQUIRED)
set(LAPIDARY_SERVER_HEADERS "${CMAKE_BINARY_DIR}/headers")
file(MAKE_DIRECTORY "${LAPIDARY_SERVER_HEADERS}")
file(CREATE_LINK "${LAPIDARY_BOOST}/boost" "${LAPIDARY_SERVER_HEADERS}/boost" SYMBOLIC)
file(CREATE_LINK "${LAPIDARY_NLOHMANN}/nlohmann" "${LAPIDARY_SERVER_HEADERS}/nlohmann" SYMBOLIC)
# RapidJSON (headers only) reads JSON in the runtime. The zig build must not see Debian's other headers: it gets a folder
# with a link to this one.
find_path(LAPIDARY_RAPIDJSON rapidjson/reader.h REQUIRED)
set(LAPIDARY_RUNTIME_HEADERS "${CMAKE_BINARY_DIR}/runtime-headers")
file(MAKE_DIRECTORY "${LAPIDARY_RUNTIME_HEADERS}")
file(CREATE_LINK "${LAPIDARY_RAPIDJSON}/rapidjson" "${LAPIDARY_RUNTIME_HEADERS}/rapidjson" SYMBOLIC)
