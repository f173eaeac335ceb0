// The parts of std::locale that compare texts and read and write numbers, made anew as instrumented
// code: their virtual functions are then taken in the place of those of the library, also by the
// library itself.

#include <locale>

template class std::collate<char>;
template class std::collate<wchar_t>;
template class std::num_get<char>;
template class std::num_put<char>;
