// Names that Caffe's nets and those of its forks have and this library lacks:
// layer types and fields, and what to write in their place. Only words; who
// finds an unknown name puts them behind it.
#ifndef TERCET_CORE_FOREIGN_NAMES_HPP_
#define TERCET_CORE_FOREIGN_NAMES_HPP_

#include <string>

namespace caffe {

// What does the work of a layer of this type here; "" for a type that is not
// known from anywhere. Case and underscores do not count, so that the form of
// 2014 (`IMAGE_DATA`) is found too.
std::string InsteadOfType(const std::string& type);

// What does the work of a field of this message, "BatchNormParameter", or that
// it is to be left out; "" where it is not known.
std::string InsteadOfField(const std::string& message,
                           const std::string& field);

}  // namespace caffe

#endif  // TERCET_CORE_FOREIGN_NAMES_HPP_
