# What `cmake --install` puts where; one component a Debian package.
# packages.cmake turns the components into .debs.
include(GNUInstallDirs)

# install_man(SECTION COMPONENT PAGE...): Debian wants manual pages packed.
function(install_man section component)
  foreach(page IN LISTS ARGN)
    set(file ${PROJECT_SOURCE_DIR}/docs/man/${page})
    if(PSP_PACKAGES)
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
      file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/man)
      execute_process(COMMAND gzip -9nc ${file} OUTPUT_FILE ${CMAKE_BINARY_DIR}/man/${page}.gz
        COMMAND_ERROR_IS_FATAL ANY)
      set(file ${CMAKE_BINARY_DIR}/man/${page}.gz)
    endif()
    install(FILES ${file} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
  endforeach()
endfunction()

option(PSP_PACKAGES "also build the shared libpsephos, for `cpack`" OFF)

# The daemons lie beside the command: `psephos up` starts those beside itself.
foreach(name IN ITEMS router shard collector gateway bridge)
  install(TARGETS psephos-${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${name})
  install(FILES deploy/systemd/psephos-${name}@.service
    DESTINATION lib/systemd/system COMPONENT ${name})
  install_man(8 ${name} psephos-${name}.8)
endforeach()
install(DIRECTORY ${CMAKE_BINARY_DIR}/page/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/psephos/page COMPONENT collector OPTIONAL)

install(TARGETS psephos RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT cli)
install_man(1 cli psephos.1)
install_man(5 cli psephos-cluster.json.5 psephos-election.json.5 psephos-formats.5)
# Made from what the calls say of their options. A sanitized psephos is not for
# installing, and may need a wrapper to run at all.
if(NOT PSP_SANITIZE)
  set(completions ${CMAKE_BINARY_DIR}/completions)
  add_custom_command(OUTPUT ${completions}/psephos.bash ${completions}/_psephos
                            ${completions}/psephos.fish
    COMMAND ${PROJECT_SOURCE_DIR}/deploy/completions/generate $<TARGET_FILE:psephos> ${completions}
    DEPENDS psephos deploy/completions/generate deploy/completions/completions.awk VERBATIM)
  add_custom_target(psephos-completions ALL DEPENDS ${completions}/psephos.bash)
  install(FILES ${completions}/psephos.bash RENAME psephos
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT cli)
  install(FILES ${completions}/_psephos
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT cli)
  install(FILES ${completions}/psephos.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT cli)
endif()
install(FILES docs/election.schema.json docs/bridge.schema.json docs/dead-letter.schema.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/psephos COMPONENT cli)

# libpsephos as programs of others link it. The rooms are compiled once more,
# as code of a shared library: in the daemons it would only cost time.
if(PSP_PACKAGES)
  add_library(psephos_shared SHARED)
  foreach(room IN ITEMS psephos_client psp_cluster psp_wire psp_election psp_process psp_base
      psp_proto)
    get_target_property(sources ${room} SOURCES)
    get_target_property(folder ${room} SOURCE_DIR)
    foreach(source IN LISTS sources)
      cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder})
      target_sources(psephos_shared PRIVATE ${source})
    endforeach()
  endforeach()
  get_target_property(proto_folder psp_proto SOURCE_DIR)
  get_target_property(generated psp_proto INTERFACE_INCLUDE_DIRECTORIES)
  set_source_files_properties(${generated}/client.pb-c.c ${generated}/cluster.pb-c.c
    ${generated}/log.pb-c.c PROPERTIES GENERATED TRUE)
  add_dependencies(psephos_shared psp_proto)
  target_include_directories(psephos_shared SYSTEM PRIVATE ${generated})
  target_include_directories(psephos_shared PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/lib)
  target_compile_definitions(psephos_shared PRIVATE _GNU_SOURCE PSP_VERSION="${PSP_VERSION}")
  target_compile_options(psephos_shared PRIVATE -fstack-protector-strong)
  target_link_libraries(psephos_shared PRIVATE PkgConfig::LIBZMQ PkgConfig::LIBPROTOBUF_C
    PkgConfig::LIBSODIUM PkgConfig::JANSSON PkgConfig::LIBUV PkgConfig::LIBSYSTEMD Threads::Threads)
  target_link_options(psephos_shared PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/client/psephos.map -Wl,-z,relro,-z,now
    -Wl,--as-needed -Wl,--gc-sections)
  set_target_properties(psephos_shared PROPERTIES
    OUTPUT_NAME psephos VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/client/psephos.map)
  install(TARGETS psephos_shared
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client NAMELINK_COMPONENT dev)
  foreach(header IN LISTS PSP_CLIENT_HEADERS) # client/CMakeLists.txt
    string(REGEX REPLACE "^lib/" "" included ${header})
    cmake_path(GET included PARENT_PATH folder)
    install(FILES ${PROJECT_SOURCE_DIR}/${header}
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/psephos/${folder} COMPONENT dev)
  endforeach()
  configure_file(client/psephos.pc.in ${CMAKE_BINARY_DIR}/psephos.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/psephos.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endif()

include(cmake/packages.cmake)
