# Writes FROM as a C array to TO: cmake -DFROM=openapi.json -DTO=openapi_text.c -P embed.cmake
file(READ ${FROM} hex HEX)
string(LENGTH "${hex}" length)
math(EXPR bytes "${length} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${TO} "#include \"collector/api/openapi_text.h\"\n\n"
     "const char psp_openapi_text[] = {\n${hex}};\n"
     "const size_t psp_openapi_text_bytes = ${bytes};\n")
