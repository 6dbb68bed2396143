# Debian packages, one a component: `deploy/packages.sh` builds them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "The Psephos authors")
set(CPACK_PACKAGE_CONTACT "The Psephos authors <psephos@localhost>")
set(CPACK_PACKAGE_VERSION ${PSP_DEBIAN_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1 CACHE STRING "what follows the version, as 1~deb12")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL router shard collector gateway bridge cli)
if(PSP_PACKAGES)
  list(APPEND CPACK_COMPONENTS_ALL client dev)
endif()

set(about_router "election counting: takes ballots from stations
Checks each ballot, turns the voter ID into a keyed digest and hands the
ballot to the shard that owns the digest. Keeps nothing: several can run.")
set(about_shard "election counting: decides which ballots count
One replica of a shard. Decides once and for all whether a ballot counts,
adds it to the totals and keeps both on disk, as the other replicas do.")
set(about_collector "election counting: shows the totals over HTTP
Merges the totals of the shards and serves them to people (a page) and to
programs (a REST API).")
set(about_gateway "election counting: takes ballots over HTTP
For stations that have a token instead of a key: casts their ballots at the
routers and answers with the verdicts. Keeps nothing: several can run.")
set(about_bridge "election counting: doors to Kafka, PostgreSQL, OpenSearch
Writes what a cluster shows to a database, a search node or topics, or casts
what a topic has. Keeps nothing: it asks the other side what it holds.")
set(about_client "election counting: library that casts ballots
Sends ballots, resends what was not answered and gives a receipt for every
one. A ballot that is resent counts once.")
set(about_cli "election counting: the psephos command
Makes a cluster's keys and its description, starts and watches it, casts
ballots, shows results, checks the books and recounts the journal.")
set(about_dev "election counting: headers of libpsephos
Headers, pkg-config file and link of the library that casts ballots.")
set(about_section_router net)
set(about_section_shard net)
set(about_section_collector net)
set(about_section_gateway net)
set(about_section_bridge net)
set(about_section_client libs)
set(about_section_cli net)
set(about_section_dev libdevel)

foreach(component IN ITEMS router shard collector gateway bridge client cli dev)
  string(TOUPPER ${component} name)
  set(package psephos-${component})
  if(component STREQUAL dev)
    set(package libpsephos-dev)
  endif()
  set(CPACK_DEBIAN_${name}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${name}_DESCRIPTION ${about_${component}})
  set(CPACK_COMPONENT_${name}_DESCRIPTION ${about_${component}})
  set(CPACK_DEBIAN_${name}_PACKAGE_SECTION ${about_section_${component}})
  set(doc ${CMAKE_INSTALL_DATADIR}/doc/${package})
  install(FILES deploy/debian/copyright DESTINATION ${doc} COMPONENT ${component})
  install(FILES ${CMAKE_BINARY_DIR}/changelog.Debian.gz DESTINATION ${doc} COMPONENT ${component}
    OPTIONAL)
  if(EXISTS ${PROJECT_SOURCE_DIR}/deploy/debian/${package}.lintian-overrides)
    install(FILES deploy/debian/${package}.lintian-overrides RENAME ${package}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides COMPONENT ${component})
  endif()
endforeach()
foreach(daemon IN ITEMS router shard collector gateway bridge)
  string(TOUPPER ${daemon} name)
  set(scripts ${CMAKE_BINARY_DIR}/debian/${daemon})
  foreach(script IN ITEMS postinst prerm postrm)
    configure_file(deploy/debian/${script}.in ${scripts}/${script} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                       WORLD_READ WORLD_EXECUTE)
  endforeach()
  set(CPACK_DEBIAN_${name}_PACKAGE_DEPENDS passwd)
  set(CPACK_DEBIAN_${name}_PACKAGE_CONTROL_EXTRA
    ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm)
endforeach()
set(CPACK_DEBIAN_CLI_PACKAGE_SUGGESTS
  "psephos-router, psephos-shard, psephos-collector, psephos-gateway, psephos-bridge")
file(WRITE ${CMAKE_BINARY_DIR}/debian/client/triggers "activate-noawait ldconfig\n")
file(WRITE ${CMAKE_BINARY_DIR}/debian/client/shlibs
  "libpsephos ${PROJECT_VERSION_MAJOR} psephos-client (>= ${PSP_DEBIAN_VERSION})\n")
set(CPACK_DEBIAN_CLIENT_PACKAGE_CONTROL_EXTRA
  ${CMAKE_BINARY_DIR}/debian/client/triggers ${CMAKE_BINARY_DIR}/debian/client/shlibs)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "psephos-client (= ${PSP_DEBIAN_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")

include(CPack)
