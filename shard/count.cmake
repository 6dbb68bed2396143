add_library(psp_shard_count STATIC
  ${CMAKE_CURRENT_LIST_DIR}/count.c
  ${CMAKE_CURRENT_LIST_DIR}/count_bound.c
  ${CMAKE_CURRENT_LIST_DIR}/count_delta.c
  ${CMAKE_CURRENT_LIST_DIR}/count_genesis.c
  ${CMAKE_CURRENT_LIST_DIR}/count_restore.c
  ${CMAKE_CURRENT_LIST_DIR}/index.c
  ${CMAKE_CURRENT_LIST_DIR}/judge.c
  ${CMAKE_CURRENT_LIST_DIR}/refusals.c)
target_link_libraries(psp_shard_count
  PUBLIC psp_election psp_wire
  PRIVATE psp_flags PkgConfig::LMDB PkgConfig::LIBSODIUM)
