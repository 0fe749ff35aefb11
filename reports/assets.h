// The files of web/ and uPlot, embedded at build time by embed.cmake.
#pragma once

#include <string_view>

namespace kvproof::report::assets {

std::string_view page_html();
std::string_view page_css();
std::string_view page_js();
std::string_view understanding_html();
std::string_view uplot_js();
std::string_view uplot_css();
std::string_view uplot_licence();

}  // namespace kvproof::report::assets
