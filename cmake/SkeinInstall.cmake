# cmake --install: programs in bin/, libraries in lib/, headers in include/skein/ under the folders of the source tree, and
# the package that find_package(Skein COMPONENTS Collectives Run Parallel Trainer) finds.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Skein)

# skein_component(FOLDER RESULT): the component of the package that a library of this folder belongs to, or empty.
function(skein_component folder result)
  set(${result} "" PARENT_SCOPE)
  if(folder MATCHES "^trainer" AND NOT SKEIN_TRAINER)
    return()
  endif()
  foreach(rule "runtime/process=Collectives" "runtime/trace=Collectives" "collectives=Collectives" "runtime=Run" "trainer/parallel=Parallel" "trainer/weights=Parallel" "trainer=Trainer")
    string(REPLACE "=" ";" rule ${rule})
    list(GET rule 0 prefix)
    list(GET rule 1 component)
    if("${folder}/" MATCHES "^${prefix}/")
      set(${result} ${component} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

get_property(libraries GLOBAL PROPERTY SKEIN_INSTALL_TARGETS)
set(SKEIN_COMPONENTS "")
foreach(library ${libraries})
  get_target_property(folder ${library} SOURCE_DIR)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${folder})
  skein_component(${folder} component)
  if(component)
    install(TARGETS ${library} EXPORT Skein${component}Targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/skein/${folder}
            FILES_MATCHING PATTERN "*.h")
    list(APPEND SKEIN_COMPONENTS ${component})
  endif()
endforeach()
list(REMOVE_DUPLICATES SKEIN_COMPONENTS)

foreach(component ${SKEIN_COMPONENTS})
  install(EXPORT Skein${component}Targets NAMESPACE Skein:: DESTINATION ${package_dir})
endforeach()
install(FILES cmake/package/collectives.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/skein)
if(Parallel IN_LIST SKEIN_COMPONENTS)
  install(FILES cmake/package/parallel.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/skein)
endif()

get_property(programs GLOBAL PROPERTY SKEIN_INSTALL_PROGRAMS)
if(programs)
  install(TARGETS ${programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

if(SKEIN_TRAINER)
  install(DIRECTORY recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/skein)
endif()

configure_package_config_file(cmake/SkeinConfig.cmake.in ${PROJECT_BINARY_DIR}/SkeinConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SkeinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SkeinConfig.cmake ${PROJECT_BINARY_DIR}/SkeinConfigVersion.cmake
        DESTINATION ${package_dir})
