# How every target of the project is made: language level, warnings, include root, sanitizers, output folder.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
find_program(SKEIN_CCACHE ccache)
if(SKEIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SKEIN_CCACHE})
endif()

add_library(skein_build_flags INTERFACE)
target_compile_options(skein_build_flags INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(skein_build_flags INTERFACE -Wno-restrict) # GCC bug 105651: false alarms in std::string
endif()
target_compile_definitions(skein_build_flags INTERFACE SKEIN_VERSION="${PROJECT_VERSION}")
if(SKEIN_SANITIZER)
  list(JOIN SKEIN_SANITIZER "," sanitizers)
  target_compile_options(skein_build_flags INTERFACE -fsanitize=${sanitizers} -fno-omit-frame-pointer)
  target_link_options(skein_build_flags INTERFACE -fsanitize=${sanitizers})
endif()

# skein_library(NAME EXPORT Name SOURCES ... [PUBLIC targets...] [PRIVATE targets...])
# A static library skein_NAME with the alias Skein::Name, whose headers are found from the repository root
# in the build tree and from include/skein once installed.
function(skein_library name)
  cmake_parse_arguments(arg "" "EXPORT" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target skein_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(Skein::${arg_EXPORT} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${arg_EXPORT})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/skein>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:skein_build_flags>)
  set_property(GLOBAL APPEND PROPERTY SKEIN_INSTALL_TARGETS ${target})
endfunction()

# skein_program(NAME SOURCES ... LIBRARIES ...): an installed program in bin/.
function(skein_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} skein_build_flags)
  set_property(GLOBAL APPEND PROPERTY SKEIN_INSTALL_PROGRAMS ${name})
endfunction()
