# How a target uses LibTorch: its flags, and one precompiled <torch/torch.h> shared by all of them, because parsing that
# header takes 15 s a file.

# Only -fpch-preprocess lets ccache look inside a compilation that uses a precompiled header, and only with this sloppiness
# does it dare to cache one.
if(CMAKE_CXX_COMPILER_LAUNCHER)
  set(skein_torch_launcher
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

set(pch_source ${CMAKE_CURRENT_BINARY_DIR}/torch_pch.cpp)
file(CONFIGURE OUTPUT ${pch_source} CONTENT "// Empty: its target carries the precompiled header.\n")
add_library(skein_torch_pch OBJECT ${pch_source})
target_link_libraries(skein_torch_pch PRIVATE torch skein_build_flags)
target_compile_options(skein_torch_pch PRIVATE -fpch-preprocess)
target_precompile_headers(skein_torch_pch PRIVATE <torch/torch.h>)
set_target_properties(skein_torch_pch PROPERTIES CXX_COMPILER_LAUNCHER "${skein_torch_launcher}")
define_property(GLOBAL PROPERTY SKEIN_TORCH_LAUNCHER)
set_property(GLOBAL PROPERTY SKEIN_TORCH_LAUNCHER "${skein_torch_launcher}")

# skein_torch_target(TARGET [PRIVATE]): links LibTorch (PUBLIC for a library, PRIVATE on demand and for a program) and
# gives every source file of the target the precompiled header. The target must be a C++-only library, program or test.
function(skein_torch_target target)
  get_target_property(type ${target} TYPE)
  set(scope PUBLIC)
  if(type STREQUAL "EXECUTABLE" OR "PRIVATE" IN_LIST ARGN)
    set(scope PRIVATE)
  endif()
  target_link_libraries(${target} ${scope} torch)
  target_compile_options(${target} PRIVATE -fpch-preprocess)
  if(type STREQUAL "EXECUTABLE")
    # CMake would say -fPIE, and g++ refuses a header that was precompiled with -fPIC.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM skein_torch_pch)
  get_property(launcher GLOBAL PROPERTY SKEIN_TORCH_LAUNCHER)
  if(launcher)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER "${launcher}")
  endif()
endfunction()
