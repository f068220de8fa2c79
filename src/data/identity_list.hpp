// Who is in a set of images: reads a folder with one folder a person, or a
// list file, sorts the people, splits them in folds and drops those with too
// few images. It opens no image; it only looks whether each is there.
//
// Names are sorted naturally, digits by their value ("s2" before "s10"), so
// the order depends neither on the file system nor on the locale. Functions
// throw Error(kInput), with the place, for what the folder or list does wrong.
#ifndef TERCET_DATA_IDENTITY_LIST_HPP_
#define TERCET_DATA_IDENTITY_LIST_HPP_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace caffe {

struct Identity {
  std::string name;  // the folder's name, or the label as in the list
  // Folder: the place among the sorted ones. List: the number in the list.
  int label = 0;
  std::vector<std::string> images;  // paths, naturally sorted
};

// The images of some people in a row, person by person: image k of person i
// is at begin[i] + k.
struct ImagesOfPeople {
  std::vector<std::string> paths;
  std::vector<int> counts;      // of each person
  std::vector<size_t> begin;    // of each person
  std::vector<int> labels;      // of each person
};

struct LabelledImage {
  std::string path;
  int label;  // -1 where none is given
};

struct ImageTriplet {
  std::string anchor, positive, negative;  // paths
};

// Natural order: runs of digits compare as numbers, the rest as bytes; where
// two names are equal in that sense ("s1", "s01"), as bytes.
bool NaturalLess(const std::string& a, const std::string& b);

// Error(kInput) where a source, a folder or a list, is not there.
void CheckThere(const std::string& source);

// The people of `source`, sorted. A folder: each folder in it is a person,
// each file in that with an image's ending an image; names that begin with a
// dot are passed over; folders without an image and, by their endings, other
// files are left out, with a warning.
// A file: lines `path label` (the path may hold blanks; empty lines are passed
// over), relative to `root_folder`, or, where that is empty, to the list's own
// folder; an image that stands there twice is warned of.
std::vector<Identity> ReadIdentities(const std::string& source,
                                     const std::string& root_folder);

// Person i is in fold i mod `of`. Keeps that fold (`inside`) or all others.
std::vector<Identity> KeepFold(const std::vector<Identity>& people, int fold,
                               int of, bool inside);

// Leaves out the people with fewer than `min_images` images, warns once with
// their number and first names, and refuses when fewer than `min_people` are
// left. `source` goes in front of messages.
std::vector<Identity> KeepWithImages(const std::vector<Identity>& people,
                                     int min_images, int min_people,
                                     const std::string& source);

// Some people, and the group of each, a number from 0 on.
struct PeopleInGroups {
  std::vector<Identity> people;
  std::vector<int> group;
};

// The groups that a file gives with lines `person group`; a person is the name
// of one of `all` and may hold blanks, a group is any word. Each of `people`,
// which are some of `all`, must have one. Leaves out the groups with fewer than
// `min_people` of them, warns once with their number and first names, and
// refuses when fewer than `min_groups` are left.
PeopleInGroups ReadGroups(const std::string& file,
                          const std::vector<Identity>& all,
                          const std::vector<Identity>& people, int min_people,
                          int min_groups);

ImagesOfPeople InARow(const std::vector<Identity>& people);

// What lies in a folder: images, and the folders in it with theirs, of which
// some may have none.
struct FolderContent {
  std::vector<std::string> images;
  std::vector<Identity> people;
  std::string left_out;  // what is passed over, by ending; see left_out.hpp
};
FolderContent ReadFolderContent(const std::string& folder);

// All images of `source`, for tools that only want images. A folder: the
// images in it, sorted, then those of its folders (label: the folder's place
// among the sorted folders with images). A list: lines `path` or `path label`.
std::vector<LabelledImage> ListImages(const std::string& source,
                                      const std::string& root_folder);

// The lines `anchor positive negative` of a list, paths as above. With a tab
// between them they may hold blanks.
std::vector<ImageTriplet> ReadTripletList(const std::string& source,
                                          const std::string& root_folder);

// The paths of such a line as they stand there; another number than three where
// it is none.
std::vector<std::string> PathsOfTriplet(const std::string& text);

}  // namespace caffe

#endif  // TERCET_DATA_IDENTITY_LIST_HPP_
