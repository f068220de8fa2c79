// Who is in a folder or a list, in which order and which fold, and what is
// said about folders and lists that are wrong.

#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "data/identity_list.hpp"
#include "test/data/image_files.hpp"

namespace caffe {

namespace {

std::vector<std::string> NamesOf(const std::vector<Identity>& people) {
  std::vector<std::string> names;
  for (const Identity& person : people) names.push_back(person.name);
  return names;
}

typedef std::vector<std::string> Names;

}  // namespace

TEST(IdentityListTest, NaturalOrder) {
  const Names sorted = {"",      "a",   "a1",  "a1b", "a2", "a10", "a10b",
                        "a10b2", "b01", "b1",  "b1c", "b02", "s9",  "s10",
                        "s100",  "t99999999999999999999998",
                        "t99999999999999999999999"};
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(i < j, NaturalLess(sorted[i], sorted[j]))
          << sorted[i] << " " << sorted[j];
    }
  }
}

TEST(IdentityListTest, FolderReadsSorted) {
  ImageFolder folder;
  for (const char* name : {"s10/2.pgm", "s10/10.pgm", "s2/1.PNG", "s1/b.jpeg",
                           "s1/notes.txt", "s1/.hidden.pgm", ".git/a.pgm"}) {
    folder.Write(name, "");
  }
  folder.Write("README.pgm", "");
  folder.Write("s3/Thumbs.db", "");
  testing::internal::CaptureStderr();
  const std::vector<Identity> people = ReadIdentities(folder.path(), "");
  ExpectHas(testing::internal::GetCapturedStderr(),
            folder.path() + ": left out 1 of 4 people without images: "
            "s3 (0)");
  // Who has no image takes no place either.
  EXPECT_EQ((Names{"s1", "s2", "s10"}), NamesOf(people));
  EXPECT_EQ((Names{folder / "s1/b.jpeg"}), people[0].images);
  EXPECT_EQ((Names{folder / "s10/2.pgm", folder / "s10/10.pgm"}),
            people[2].images);
  EXPECT_EQ(2, people[2].label);
}

TEST(IdentityListTest, ImagesThatStandInAListAgainAreWarnedOf) {
  ImageFolder folder;
  folder.Write("a.pgm", "");
  folder.Write("b.pgm", "");
  const std::string list =
      folder.Write("list", "a.pgm 0\nb.pgm 0\nb.pgm 1\nb.pgm 1\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(2u, ReadIdentities(list, "").size());
  ExpectHas(testing::internal::GetCapturedStderr(),
            "list:3: b.pgm stands in the list already (first of 2 such among "
            "4 lines)");
}

TEST(IdentityListTest, ImagesOfNobodyArePassedOverAndCounted) {
  ImageFolder folder;
  folder.Write("a.pgm", "");
  const std::string list =
      folder.Write("list.txt", "a.pgm 7\na.pgm -1\nmissing.pgm -1\n");
  testing::internal::CaptureStderr();
  const std::vector<Identity> people = ReadIdentities(list, "");
  ExpectHas(testing::internal::GetCapturedStderr(),
            list + ": passed over 2 of 3 images: their label is -1");
  ASSERT_EQ(1u, people.size());
  EXPECT_EQ(7, people[0].label);
  EXPECT_EQ(1u, people[0].images.size());
}

TEST(IdentityListTest, AMarkOfUtf8InFrontIsNoPartOfAList) {
  ImageFolder folder;
  folder.Write("a.pgm", "");
  const std::string list = folder.Write("list", "\xef\xbb\xbf" "a.pgm 3\r\n");
  EXPECT_EQ((Names{folder / "a.pgm"}), ReadIdentities(list, "")[0].images);
}

TEST(IdentityListTest, ListReadsRelativeToItselfOrToItsRoot) {
  ImageFolder folder;
  folder.Write("in/a b.pgm", "");
  folder.Write("in/c.pgm", "");
  const std::string list = folder.Write(
      "list.txt", "in/c.pgm 10\r\n\n  in/a b.pgm \t2  \n" +
                      (folder / "in/c.pgm") + " 2");
  std::vector<Identity> people = ReadIdentities(list, "");
  ASSERT_EQ((Names{"2", "10"}), NamesOf(people));
  EXPECT_EQ(2, people[0].label);
  EXPECT_EQ(10, people[1].label);
  EXPECT_EQ((Names{folder / "in/a b.pgm", folder / "in/c.pgm"}),
            people[0].images);
  const std::string other =
      folder.Write("lists/other.txt", "c.pgm 0\nc.pgm 1\n");
  people = ReadIdentities(other, folder / "in");
  EXPECT_EQ((Names{folder / "in/c.pgm"}), people[1].images);
}

TEST(IdentityListTest, FoldsShareOutThePeople) {
  std::vector<Identity> people(7);
  for (int i = 0; i < 7; ++i) people[i].name = std::to_string(i);
  EXPECT_EQ((Names{"1", "4"}), NamesOf(KeepFold(people, 1, 3, true)));
  EXPECT_EQ((Names{"0", "2", "3", "5", "6"}),
            NamesOf(KeepFold(people, 1, 3, false)));
  ExpectHas(InputError([&] { KeepFold(people, 3, 3, true); }),
            "fold 3 of 3 does not exist; wanted 0 to 2");
  ExpectHas(InputError([&] { KeepFold(people, -1, 3, true); }), "fold -1");
  ExpectHas(InputError([&] { KeepFold(people, 0, 1, true); }), "of is 1");
  ExpectHas(InputError([&] { KeepFold(people, 0, 0, true); }), "of is 0");
  ExpectHas(InputError([&] { KeepFold(people, 8, 9, true); }),
            "fold 8 of 9 leaves nobody of 7 people");
}

TEST(IdentityListTest, PeopleWithTooFewImagesAreLeftOutWithOneWarning) {
  std::vector<Identity> people(9);
  for (int i = 0; i < 9; ++i) {
    people[i].name = "s" + std::to_string(i);
    people[i].images.resize(i < 2 ? 4 : 1);
  }
  testing::internal::CaptureStderr();
  EXPECT_EQ((Names{"s0", "s1"}), NamesOf(KeepWithImages(people, 4, 2, "F")));
  const std::string log = testing::internal::GetCapturedStderr();
  ExpectHas(log,
            "F: left out 7 of 9 people with fewer than 4 images: s2 (1), s3 "
            "(1), s4 (1), s5 (1), s6 (1), ...");
  ExpectHas(InputError([&] { KeepWithImages(people, 4, 3, "F"); }),
            "F: 2 of 9 people have 4 images or more; wanted at least 3 people "
            "(too few images: s2 (1)");
}

TEST(IdentityListTest, FoldersWithoutPeopleOrImagesAreRefused) {
  ImageFolder folder;
  ExpectHas(InputError([&] { ReadIdentities(folder.path() + "/no", ""); }),
            "/no: no such folder or list file");
  ExpectHas(InputError([&] { ReadIdentities("", ""); }), "source is empty");
  ExpectHas(InputError([&] { ReadIdentities(folder.path(), ""); }),
            folder.path() + ": folder has no person folder (it holds 0");
  folder.Write("1.pgm", "");
  ExpectHas(InputError([&] { ReadIdentities(folder.path(), ""); }),
            "it holds 1 images itself");
  folder.Write("s1/1.txt", "");
  ExpectHas(InputError([&] { ReadIdentities(folder.path(), ""); }),
            "folder has 1 person folders but no image in them");
}

TEST(IdentityListTest, BadListLinesAreToldWithPlaceAndCount) {
  ImageFolder folder;
  folder.Write("a.pgm", "");
  const auto error = [&](const std::string& text) {
    const std::string list = folder.Write("list.txt", text);
    return InputError([&] { ReadIdentities(list, ""); });
  };
  ExpectHas(error("a.pgm 0\n\na.pgm x\na.pgm 1y\n"),
            "list.txt:3: label 'x' is no number (first of 2 such among 3 "
            "lines)");
  ExpectHas(error("a.pgm -2\n"), "list.txt:1: label -2 is out of range");
  ExpectHas(error("a.pgm -1\n"), "all of its 1 images have label -1");
  ExpectHas(error("a.pgm 99999999\n"), "label 99999999 is out of range");
  ExpectHas(error("a.pgm 99999999999999999999\n"), "is no number");
  ExpectHas(error("a.pgm 1.5\n"), "label '1.5' is no number");
  ExpectHas(error("a.pgm 0\na.pgm\n"),
            "list.txt:2: found 'a.pgm'; wanted `path label`");
  ExpectHas(error("a.pgm" + std::string(100, 'x')),
            "found 'a.pgm" + std::string(75, 'x') + "...'; wanted");
  ExpectHas(error("a.pgm \x1b[1m"), "label ' [1m' is no number");
  ExpectHas(error("a.pgm 0\n\na.pgm 0\ra.pgm 1\r"),
            "list.txt:3: holds a carriage return; wanted lines that end in LF "
            "or CRLF");
  ExpectHas(error("a.pgm 0\nb.pgm 0\n"), "list.txt:2: no such image: ");
  ExpectHas(error("\n \n"), "list.txt: list is empty");
  ExpectHas(error(std::string("a.pgm 0\nP\0x", 11)),
            "list.txt:2: is no text file");
}

TEST(IdentityListTest, ListImagesTakesFoldersAndLists) {
  ImageFolder folder;
  for (const char* name : {"b/2.pgm", "a/1.pgm", "empty/x.txt", "10.pgm",
                           "9.pgm", "with blank.pgm"}) {
    folder.Write(name, "");
  }
  std::vector<LabelledImage> images = ListImages(folder.path(), "");
  ASSERT_EQ(5u, images.size());
  EXPECT_EQ(folder / "9.pgm", images[0].path);
  EXPECT_EQ(-1, images[0].label);
  EXPECT_EQ(folder / "10.pgm", images[1].path);
  EXPECT_EQ(folder / "a/1.pgm", images[3].path);
  EXPECT_EQ(0, images[3].label);
  EXPECT_EQ(1, images[4].label);

  images = ListImages(
      folder.Write("list", "9.pgm\nwith blank.pgm\nwith blank.pgm 7\n"), "");
  ASSERT_EQ(3u, images.size());
  EXPECT_EQ(-1, images[1].label);
  EXPECT_EQ(folder / "with blank.pgm", images[2].path);
  EXPECT_EQ(7, images[2].label);
  ExpectHas(InputError([&] {
              ListImages(folder.Write("list", "9.pgm\nno.pgm 3\nno.pgm"), "");
            }),
            "list:2: no such image: " + (folder / "no.pgm") +
                " (first of 2 such");
  ImageFolder empty;
  ExpectHas(InputError([&] { ListImages(empty.path(), ""); }),
            ": folder has no image");
}

TEST(IdentityListTest, TripletListReads) {
  ImageFolder folder;
  folder.Write("a.pgm", "");
  folder.Write("b.pgm", "");
  const auto read = [&](const std::string& text) {
    return ReadTripletList(folder.Write("list.txt", text), "");
  };
  const std::vector<ImageTriplet> triplets =
      read("a.pgm a.pgm b.pgm\nb.pgm\tb.pgm  a.pgm\r\n");
  ASSERT_EQ(2u, triplets.size());
  EXPECT_EQ(folder / "b.pgm", triplets[0].negative);
  EXPECT_EQ(folder / "b.pgm", triplets[1].anchor);
  ExpectHas(InputError([&] { read("a.pgm a.pgm b.pgm\na.pgm b.pgm\n"); }),
            "list.txt:2: found 2 words; wanted `anchor positive negative`");
  ExpectHas(InputError([&] { read("a.pgm c.pgm b.pgm\n"); }),
            "list.txt:1: no such image: " + (folder / "c.pgm"));
}

TEST(IdentityListTest, TripletListTakesBlanksBetweenTabs) {
  ImageFolder folder;
  folder.Write("an na/1 a.pgm", "");
  folder.Write("b.pgm", "");
  const auto read = [&](const std::string& text) {
    return ReadTripletList(folder.Write("list.txt", text), "");
  };
  const std::vector<ImageTriplet> triplets =
      read("an na/1 a.pgm\tb.pgm\tan na/1 a.pgm\r\n"
           "b.pgm \tan na/1 a.pgm\t b.pgm\n"
           "b.pgm\t b.pgm b.pgm\nb.pgm\t\tb.pgm\tb.pgm\n");
  ASSERT_EQ(4u, triplets.size());
  EXPECT_EQ(folder / "an na/1 a.pgm", triplets[0].anchor);
  EXPECT_EQ(folder / "b.pgm", triplets[0].positive);
  EXPECT_EQ(folder / "an na/1 a.pgm", triplets[0].negative);
  EXPECT_EQ(folder / "b.pgm", triplets[1].anchor);
  EXPECT_EQ(folder / "an na/1 a.pgm", triplets[1].positive);
  EXPECT_EQ(folder / "b.pgm", triplets[1].negative);
  EXPECT_EQ(folder / "b.pgm", triplets[2].positive);
  EXPECT_EQ(folder / "b.pgm", triplets[3].positive);
  ExpectHas(InputError([&] { read("an na/1 a.pgm b.pgm\tb.pgm\n"); }),
            "found 5 words");
}

}  // namespace caffe
