add_library(psp_shard_count STATIC
  ${CMAKE_CURRENT_LIST_DIR}/count.c
  ${CMAKE_CURRENT_LIST_DIR}/count_delta.c
  ${CMAKE_CURRENT_LIST_DIR}/count_genesis.c
  ${CMAKE_CURRENT_LIST_DIR}/count_restore.c
  ${CMAKE_CURRENT_LIST_DIR}/index.c
  ${CMAKE_CURRENT_LIST_DIR}/judge.c
  ${CMAKE_CURRENT_LIST_DIR}/refusals.c
  ${CMAKE_CURRENT_LIST_DIR}/store.c
  ${CMAKE_CURRENT_LIST_DIR}/store_load.c
  ${CMAKE_CURRENT_LIST_DIR}/store_value.c
  ${CMAKE_CURRENT_LIST_DIR}/store_write.c)
target_link_libraries(psp_shard_count
  PUBLIC psp_election psp_wire psp_process
  PRIVATE psp_flags psp_journal PkgConfig::LMDB PkgConfig::LIBSODIUM)

psp_test(test_index LIBS psp_shard_count)
psp_test(test_count LIBS psp_shard_count)
psp_test(test_count_restore LIBS psp_shard_count)
psp_test(test_store LIBS psp_shard_count psp_journal PkgConfig::LMDB)

# bench/micro: nanoseconds a ballot of apply, checkpoint and load.
add_executable(count_apply EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/micro/count_apply.c)
target_link_libraries(count_apply PRIVATE psp_shard_count psp_flags)
