# Builds libhs from source for wheels: static, position-independent, with one copy of the scanner per instruction set
# ("fat runtime", chosen by ELF IFUNC at load). Gives the target `fastguard_hs`. Needs ragel and the headers of Boost.
#
#   FASTGUARD_HS_PREFIX   where the library is put; if it is there already it is used as it is
#   FASTGUARD_HS_URL      the archive, and
#   FASTGUARD_HS_SHA256   its hash; third_party/README.md says who published the one below
include(ExternalProject)
include(ProcessorCount)

set(FASTGUARD_HS_URL
    "https://github.com/VectorCamp/vectorscan/archive/refs/tags/vectorscan/5.4.12.tar.gz"
    CACHE STRING "Source archive of Vectorscan or Hyperscan")
set(FASTGUARD_HS_SHA256
    "1ac4f3c038ac163973f107ac4423a6b246b181ffd97fdd371696b2517ec9b3ed"
    CACHE STRING "SHA-256 of that archive")
set(FASTGUARD_HS_PREFIX "${CMAKE_BINARY_DIR}/libhs" CACHE PATH "Where libhs is built into")

set(hs_library "${FASTGUARD_HS_PREFIX}/lib/libhs.a")
set(hs_include "${FASTGUARD_HS_PREFIX}/include/hs")
file(MAKE_DIRECTORY "${hs_include}")

if(NOT EXISTS "${hs_library}")
  find_program(FASTGUARD_RAGEL ragel)
  find_path(FASTGUARD_BOOST boost/version.hpp)
  if(NOT FASTGUARD_RAGEL OR NOT FASTGUARD_BOOST)
    message(FATAL_ERROR "libhs from source needs ragel and the headers of Boost.\n"
                        "  Debian, Ubuntu: apt install ragel libboost-dev\n"
                        "  Fedora, EL:     dnf install ragel boost-devel")
  endif()
  # -fPIC goes in as a flag: the fat runtime switches CMake's own property off for static objects.
  set(hs_flags "-fPIC -Wno-error=deprecated-declarations -Wno-error=array-bounds -Wno-error=maybe-uninitialized")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    # AVX-512 VBMI stays off: its matcher was wrong up to 5.4.11, and the gain is small. Plain SSE2 would need SIMDe,
    # which the archive does not hold; a CPU without SSE4.2 gets an error from fastguard.
    set(hs_isa -DFAT_RUNTIME=ON -DBUILD_AVX2=ON -DBUILD_AVX512=ON -DBUILD_AVX512VBMI=OFF -DNO_SIMDE_IN_FAT=ON)
  else()
    set(hs_isa -DFAT_RUNTIME=OFF) # NEON, which every 64-bit ARM has
  endif()
  ProcessorCount(hs_jobs)
  ExternalProject_Add(
    libhs_from_source
    URL "${FASTGUARD_HS_URL}"
    URL_HASH SHA256=${FASTGUARD_HS_SHA256}
    DOWNLOAD_EXTRACT_TIMESTAMP OFF
    PREFIX "${CMAKE_BINARY_DIR}/libhs-build"
    CMAKE_ARGS -DCMAKE_BUILD_TYPE=Release
               -DCMAKE_POLICY_VERSION_MINIMUM=3.5
               -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
               -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
               -DCMAKE_C_FLAGS=${hs_flags}
               -DCMAKE_CXX_FLAGS=${hs_flags}
               -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF
               -DCCACHE_FOUND=CCACHE_FOUND-NOTFOUND
               -DBUILD_STATIC_LIBS=ON
               -DBUILD_SHARED_LIBS=OFF
               -DBUILD_UNIT=OFF
               -DBUILD_TOOLS=OFF
               -DBUILD_EXAMPLES=OFF
               -DBUILD_BENCHMARKS=OFF
               -DBUILD_DOC=OFF
               ${hs_isa}
    BUILD_COMMAND ${CMAKE_COMMAND} --build <BINARY_DIR> --target hs --parallel ${hs_jobs}
    INSTALL_COMMAND ${CMAKE_COMMAND} -E copy <SOURCE_DIR>/src/hs.h <SOURCE_DIR>/src/hs_common.h
                    <SOURCE_DIR>/src/hs_compile.h <SOURCE_DIR>/src/hs_runtime.h "${hs_include}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${FASTGUARD_HS_PREFIX}/lib"
    COMMAND ${CMAKE_COMMAND} -E copy <BINARY_DIR>/lib/libhs.a "${hs_library}"
    BUILD_BYPRODUCTS "${hs_library}"
    USES_TERMINAL_BUILD ON)
endif()

add_library(fastguard_hs STATIC IMPORTED GLOBAL)
set_target_properties(fastguard_hs PROPERTIES IMPORTED_LOCATION "${hs_library}"
                                              INTERFACE_INCLUDE_DIRECTORIES "${hs_include}"
                                              INTERFACE_LINK_LIBRARIES m)
if(TARGET libhs_from_source)
  add_dependencies(fastguard_hs libhs_from_source)
endif()
