# Built by name only: `./run build` and the demo need neither tests nor cmocka.
add_custom_target(psp_tests)
add_custom_target(psp_fuzzers)

# Without cmocka a handful of tests would be left, and all of them pass.
if(NOT CMOCKA_FOUND)
  set(PSP_NO_CMOCKA "the unit tests are not built without cmocka: apt install libcmocka-dev")
  add_custom_target(psp_no_cmocka
    COMMAND ${CMAKE_COMMAND} -E echo "${PSP_NO_CMOCKA}"
    COMMAND ${CMAKE_COMMAND} -E false)
  add_dependencies(psp_tests psp_no_cmocka)
  add_test(NAME cmocka_is_there COMMAND sh -c "echo '${PSP_NO_CMOCKA}'; exit 1")
endif()

# psp_test(NAME [FOLDER folder] LIBS ...): a cmocka test from tests/unit/ROOM/[folder/]NAME.c,
# run by ctest; ROOM is the folder that calls it.
function(psp_test name)
  if(NOT CMOCKA_FOUND)
    return()
  endif()
  cmake_parse_arguments(arg "" "FOLDER" "LIBS" ${ARGN})
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME room)
  set(folder ${PROJECT_SOURCE_DIR}/tests/unit/${room}/${arg_FOLDER})
  add_executable(${name} EXCLUDE_FROM_ALL ${folder}/${name}.c)
  add_dependencies(psp_tests ${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} psp_flags PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()

# psp_fuzz(NAME LIBS ...): a libFuzzer target from tests/fuzz/NAME.c, run by `./run fuzz`.
function(psp_fuzz name)
  cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
  if(NOT PSP_FUZZ)
    return()
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}.c)
  add_dependencies(psp_fuzzers ${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} psp_flags)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()
