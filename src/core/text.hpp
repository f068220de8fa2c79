// Text as it comes from elsewhere: files in UTF-16, letters in UTF-8, and names
// in which an accent is a letter of its own or not.
#ifndef TERCET_CORE_TEXT_HPP_
#define TERCET_CORE_TEXT_HPP_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace caffe {

// What a file of at most `most_bytes` holds, without a byte order mark; UTF-16
// that begins with one, as Windows' editors write it, becomes UTF-8.
std::string ReadText(const std::string& path, int64_t most_bytes);

// `text` in UTF-8 without its mark, as ReadText has it.
std::string PlainText(std::string text);

// The letter that begins at text[*at], which moves behind it. -1, and one byte
// on, where none does: a form longer than need be, half of a pair of UTF-16, a
// letter beyond the last one or cut off.
int32_t NextLetter(const std::string& text, size_t* at);

// Whether two names look alike though their bytes differ, because the letters
// with accents of one of them are composed (U+00E9) and of the other one
// decomposed (e and U+0301). What letters consist of is known up to U+017F; of
// others any letter with marks is taken for it.
bool DifferInForm(const std::string& a, const std::string& b);

// "; there is 'name', ..." where one of `names` differs from `name` in form
// alone, or may, which it then says; else "".
std::string FormHint(const std::string& name,
                     const std::vector<std::string>& names);

// The same for a path that does not exist, and the names of its folders.
std::string FormHintOnDisk(const std::string& path);

// What may be wrong with a path that does not exist: it is parted as in
// Windows, or has a name in another Unicode form; else "".
std::string PathHint(const std::string& path);

}  // namespace caffe

#endif  // TERCET_CORE_TEXT_HPP_
