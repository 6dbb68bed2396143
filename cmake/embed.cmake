# Writes FROM as a C array NAME to TO, which includes HEADER:
# cmake -DFROM=openapi.json -DTO=openapi_text.c -DHEADER=… -DNAME=… -P embed.cmake
file(READ ${FROM} hex HEX)
string(LENGTH "${hex}" length)
math(EXPR bytes "${length} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${TO} "#include \"${HEADER}\"\n\n"
     "const char ${NAME}[] = {\n${hex}};\n"
     "const size_t ${NAME}_bytes = ${bytes};\n")
