# cmake -DPAGE=page.html -DOUT=page_text.cpp -P embed.cmake: the page as a source file.
file(READ "${PAGE}" page)
if(page MATCHES "\\)embedded\"")
  message(FATAL_ERROR "${PAGE} holds the mark that ends it")
endif()
# g++ and clang++ take a literal of any length; pedantic, they say that others need not.
file(WRITE "${OUT}" "// Made from page.html by embed.cmake.
#include \"report/page_text.hpp\"

#pragma GCC diagnostic ignored \"-Woverlength-strings\"

namespace netsim::report {

std::string_view page_text() {
    return R\"embedded(${page})embedded\";
}

}  // namespace netsim::report
")
