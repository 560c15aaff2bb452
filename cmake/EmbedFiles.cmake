# cmake -DOUTPUT=FILE.cpp -DHEADER=path.h -DFUNCTION=name -DFILES="a.css|b.js" -P EmbedFiles.cmake
# Writes a C++ file that defines std::string_view FUNCTION(std::string_view file_name): the bytes of those files.
string(REPLACE "|" ";" files "${FILES}")
set(arrays "")
set(cases "")
set(number 0)
foreach(file IN LISTS files)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  get_filename_component(name ${file} NAME)
  string(APPEND arrays "constexpr unsigned char kFile${number}[] = {${bytes}0};\n")
  string(APPEND cases "  if (name == \"${name}\") return {reinterpret_cast<const char*>(kFile${number}), sizeof(kFile${number}) - 1};\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nnamespace skein {\nnamespace {\n${arrays}}  // namespace\n\n"
  "std::string_view ${FUNCTION}(std::string_view name) {\n${cases}  return {};\n}\n\n}  // namespace skein\n")
