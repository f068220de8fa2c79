// Files of pairs: what is read from either format, from disk or a list, and
// what is said about files that are wrong.
#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "test/data/image_files.hpp"
#include "evaluation/pairs_file.hpp"

namespace caffe {
namespace {

using metric::ListedPair;

typedef std::vector<std::string> Texts;

constexpr char kTwoFolds[] =
    "2\t1\nann\t1\t2\nann\t1\tbob\t1\n"
    "cid lo\t1\t12345\ncid lo\t1\tdan\t2\n";

// ann, bob, "cid lo" and dan, with images of several kinds.
class PairsFileTest : public testing::Test {
 protected:
  PairsFileTest() {
    for (const char* name :
         {"lfw/ann/ann_0001.jpg", "lfw/ann/ann_0002.png",
          "lfw/ann/ann_0002.txt", "lfw/bob/bob_0001.pgm",
          "lfw/cid lo/cid lo_0001.JPG", "lfw/cid lo/cid lo_12345.jpg",
          "lfw/dan/dan_0002.jpg", "lfw/dan/dan_0002.png"}) {
      folder_.Write(name, "");
    }
  }
  PairsFile Read(const std::string& text) {
    const std::string file = folder_.Write("pairs.txt", text);
    ImagesOnDisk finder(file, folder_ / "lfw");
    return ReadPairsFile(file, &finder);
  }
  // The message behind the file's name.
  std::string Refused(const std::string& text) {
    const std::string message = InputError([&] { Read(text); });
    const std::string file = folder_ / "pairs.txt";
    EXPECT_EQ(file, message.substr(0, file.size()));
    return message.substr(std::min(message.size(), file.size()));
  }
  std::string Lfw(const std::string& name) { return folder_ / ("lfw/" + name); }

  ImageFolder folder_;
};

void ExpectPair(const ListedPair& pair, int i, int j, bool genuine, int fold) {
  EXPECT_EQ(i, pair.i);
  EXPECT_EQ(j, pair.j);
  EXPECT_EQ(genuine, pair.genuine);
  EXPECT_EQ(fold, pair.group);
}

void ExpectTwoFolds(const PairsFile& pairs) {
  EXPECT_EQ(2, pairs.folds);
  ASSERT_EQ(4u, pairs.pairs.size());
  ExpectPair(pairs.pairs[0], 0, 1, true, 0);
  ExpectPair(pairs.pairs[1], 0, 2, false, 0);
  ExpectPair(pairs.pairs[2], 3, 4, true, 1);
  ExpectPair(pairs.pairs[3], 3, 5, false, 1);
  EXPECT_EQ(4, pairs.people);
  EXPECT_EQ((std::vector<int>{0, 0, 1, 2, 2, 3}), pairs.person);
}

TEST_F(PairsFileTest, FoldsOfLfwAreRead) {
  const PairsFile pairs = Read(kTwoFolds);
  ExpectTwoFolds(pairs);
  EXPECT_EQ((Texts{Lfw("ann/ann_0001.jpg"), Lfw("ann/ann_0002.png"),
                   Lfw("bob/bob_0001.pgm"), Lfw("cid lo/cid lo_0001.JPG"),
                   Lfw("cid lo/cid lo_12345.jpg"), Lfw("dan/dan_0002.jpg")}),
            pairs.images);
}

TEST_F(PairsFileTest, CrlfAMarkEmptyLinesAndBlanksForTabsAreFine) {
  std::string text = "\xef\xbb\xbf";
  for (const char c : std::string(kTwoFolds)) {
    text += c == '\n' ? "\r\n\r\n" : std::string(1, c);
  }
  ExpectTwoFolds(Read(text));
  const PairsFile pairs = Read("1\nann 1 2\n ann  1 bob 1 ");
  ExpectPair(pairs.pairs[1], 0, 2, false, 0);
}

TEST_F(PairsFileTest, OneSetOfLfwHasTheNumberOfPairsAlone) {
  const PairsFile pairs = Read(
      "2\nann\t1\t2\nann\t2\t1\nann\t1\tbob\t1\ndan\t2\tann\t2\n");
  EXPECT_EQ(1, pairs.folds);
  ASSERT_EQ(4u, pairs.pairs.size());
  ExpectPair(pairs.pairs[1], 1, 0, true, 0);
  ExpectPair(pairs.pairs[3], 3, 1, false, 0);
}

TEST_F(PairsFileTest, TheRootIsTheListsOwnFolderWhereNoneIsGiven) {
  const std::string file =
      folder_.Write("lfw/pairs.txt", "1\nann 1 2\nann 1 bob 1\n");
  ImagesOnDisk finder(file, "");
  EXPECT_EQ(Lfw("bob/bob_0001.pgm"), ReadPairsFile(file, &finder).images[2]);
}

TEST_F(PairsFileTest, PathsAndLabelsAreRead) {
  const PairsFile pairs =
      Read("ann/ann_0001.jpg\tann/ann_0002.png\t1\n"
           "./cid lo/cid lo_0001.JPG\t" + Lfw("ann/ann_0001.jpg") + "\t0\n");
  EXPECT_EQ(1, pairs.folds);
  ASSERT_EQ(2u, pairs.pairs.size());
  ExpectPair(pairs.pairs[0], 0, 1, true, 0);
  ExpectPair(pairs.pairs[1], 2, 0, false, 0);
  EXPECT_EQ(2, pairs.people);
  EXPECT_EQ((std::vector<int>{0, 0, 1}), pairs.person);
}

TEST_F(PairsFileTest, FoldersThatContradictThePairsTellNoPeople) {
  PairsFile pairs = Read("ann/ann_0001.jpg ann/ann_0002.png 1\n\n"
                         "bob/bob_0001.pgm dan/dan_0002.jpg 1\n"
                         "bob/bob_0001.pgm ann/ann_0002.png 0\n");
  EXPECT_EQ(0, pairs.people);
  EXPECT_TRUE(pairs.person.empty());
  ExpectHas(pairs.why_unknown, ":3: a pair of one person has two folders");
  pairs = Read("ann/ann_0001.jpg ann/ann_0002.png 1\n"
               "ann/ann_0001.jpg ann/ann_0002.png 0\n");
  ExpectHas(pairs.why_unknown, ":2: a pair of two people has one folder");
}

// So that two reports of the same pairs draw the same people.
TEST_F(PairsFileTest, PeopleAreNumberedAsThePairsNameThem) {
  const std::string file =
      folder_.Write("pairs.txt", "1\nann 1 2\nann 1 bob 1\n");
  for (const bool turned : {false, true}) {
    std::vector<std::string> names = {"ann/ann_0001.jpg", "ann/ann_0002.jpg",
                                      "bob/bob_0001.jpg"};
    if (turned) std::reverse(names.begin(), names.end());
    ImagesInList finder(names);
    const PairsFile pairs = ReadPairsFile(file, &finder);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(pairs.person[i], pairs.images[i][0] == 'a' ? 0 : 1)
          << pairs.images[i];
    }
  }
}

TEST_F(PairsFileTest, RowsOfAListAreFoundByTheEndsOfTheirNames) {
  ImagesInList finder({"x/bob/bob_0001.png", "y/joann/ann_0001.png",
                       "ann/ann_0001.jpg", "z/ann/ann_0002"});
  const std::string file =
      folder_.Write("pairs.txt", "1\nann 1 2\nann 1 bob 1\n");
  PairsFile pairs = ReadPairsFile(file, &finder);
  ExpectPair(pairs.pairs[0], 2, 3, true, 0);
  ExpectPair(pairs.pairs[1], 2, 0, false, 0);
  EXPECT_EQ(4u, pairs.images.size());
  EXPECT_EQ((std::vector<int>{1, -1, 0, 0}), pairs.person);
  folder_.Write("pairs.txt", "ann/ann_0001.png z/ann/ann_0002.jpg 1\n"
                             "ann/ann_0001 bob_0001.pgm 0\n");
  pairs = ReadPairsFile(file, &finder, {5, 6, 7, 7});
  ExpectPair(pairs.pairs[0], 2, 3, true, 0);
  ExpectPair(pairs.pairs[1], 2, 0, false, 0);
  EXPECT_EQ(2, pairs.people);
  pairs = ReadPairsFile(file, &finder, {5, 6, 7, 8});
  EXPECT_EQ(0, pairs.people);
  ExpectHas(pairs.why_unknown, ":1: a pair of one person has two labels");
}

TEST_F(PairsFileTest, AnExactNameGoesBeforeTheEndOfAnother) {
  ImagesInList finder({"x/a.png", "a.png", "a.jpg", "b.png"});
  EXPECT_EQ(1, finder.OfPath("a.png").place);
  EXPECT_EQ(0, finder.OfPath("x/a.jpg").place);
  EXPECT_EQ("several embeddings are of 'a': 'a.png' and 'a.jpg'",
            finder.OfPath("a.pgm").fault);
  EXPECT_EQ("none of the 4 embeddings is of 'c/b'",
            finder.OfPath("c/b.png").fault);
}

TEST_F(PairsFileTest, AHeaderThatDoesNotFitIsRefused) {
  EXPECT_EQ(": list is empty", Refused("\n \n"));
  EXPECT_EQ(":1: header '0 5'; wanted `folds pairs` or `pairs`, with 1 to 1000 "
            "folds and at least 1 pair of each kind", Refused("0 5\n"));
  ExpectHas(Refused("2 0\n"), ":1: header '2 0'; wanted");
  ExpectHas(Refused("1001 1\n"), ":1: header '1001 1'; wanted");
  ExpectHas(Refused("-3\n"), ":1: header '-3'; wanted");
  EXPECT_EQ(":2: found 'ann\t1\t2'; wanted a header of LFW's format in front, "
            "`folds pairs` or `pairs`", Refused("\nann\t1\t2\n"));
  ExpectHas(Refused("ann 1 bob 1\n"), ":1: found 'ann 1 bob 1'; wanted a head");
  ExpectHas(Refused("ten\t300\n"),
            ":1: found 'ten\t300'; wanted `path path 0|1`, or a header of "
            "LFW's format, `folds pairs` (first of 1 such among 1 lines)");
}

TEST_F(PairsFileTest, AWrongCountIsRefused) {
  const std::string text = kTwoFolds;
  EXPECT_EQ(":1: header says 2 x (1 + 1) pairs, but 3 lines follow, not 4",
            Refused(text.substr(0, text.rfind("cid"))));
  EXPECT_EQ(":1: header says 2 x (1 + 1) pairs, but 5 lines follow, not 4",
            Refused(text + "ann\t1\t2\n"));
  EXPECT_EQ(":1: header says 2 x (1 + 1) pairs, but 3 lines follow, not 4; "
            "line 2 is the first that is out of place",
            Refused("2 1\nann 1 bob 1\nann 1 2\nann 1 bob 1\n"));
  ExpectHas(Refused("5\n"),
            "header says 1 x (5 + 5) pairs, but 0 lines follow");
}

TEST_F(PairsFileTest, APairOfTheWrongKindIsRefused) {
  EXPECT_EQ(":3: found 'bob 1 ann 1'; wanted genuine pair 2 of fold 1, `name "
            "number number` (first of 2 such among 5 lines)",
            Refused("2\nann 1 2\nbob 1 ann 1\nann 1 2\nann 1 bob 1\n"));
  EXPECT_EQ(":3: found 'ann 1 2'; wanted impostor pair 1 of fold 1, `name "
            "number name number` (first of 1 such among 5 lines)",
            Refused("2 1\nann 1 2\nann 1 2\nann 1 2\nann 1 bob 1\n"));
  ExpectHas(Refused("1\nann 1 2\nann 1 ann 2\n"),
            ":3: impostor pair of one person, 'ann'");
}

TEST_F(PairsFileTest, ANumberThatIsNoneIsRefused) {
  ExpectHas(Refused("1\nann 1 x\nann 1 bob 1\n"),
            ":2: 'x' is no number of an image; wanted a whole number from 1 "
            "on");
  ExpectHas(Refused("1\nann 1 2\nann 0 bob 1\n"), ":3: '0' is no number");
  ExpectHas(Refused("1\nann 1 2\nann 1 bob -1\n"), ":3: '-1' is no number");
}

TEST_F(PairsFileTest, WhatIsNotOnDiskIsNamedWithItsLine) {
  EXPECT_EQ(":2: no folder of 'anne': " + Lfw("anne") +
                "; did you mean 'ann'? (1 of 2 pairs lack an image, 2 images "
                "in all; --skip_missing judges the other pairs)",
            Refused("1\nanne 1 2\nann 1 bob 1\n"));
  EXPECT_EQ(":3: no such image: " + Lfw("bob/bob_0007") +
                ".* (that folder has 1 images) (1 of 2 pairs lack an image, 1 "
                "image in all; --skip_missing judges the other pairs)",
            Refused("1\nann 1 2\nann 1 bob 7\n"));
  EXPECT_EQ(":2: no such image: " + Lfw("ann/c.jpg") +
                " (1 of 2 pairs lack an image, 1 image in all; --skip_missing "
                "judges the other pairs)",
            Refused("ann/ann_0001.jpg ann/ann_0002.png 1\n"
                    "ann/ann_0001.jpg ann/c.jpg 0\n"));
}

TEST_F(PairsFileTest, PairsWithMissingImagesArePassedOverAndCounted) {
  const auto read = [&](const std::string& text) {
    const std::string list = folder_.Write("some.txt", text);
    ImagesOnDisk finder(list, folder_ / "lfw");
    return ReadPairsFile(list, &finder, {}, true);
  };
  testing::internal::CaptureStderr();
  const PairsFile pairs = read(
      "\xef\xbb\xbf" "2\r\nann\t1\t2\r\nann\t1\t9\r\nann\t1\tbob\t1\r\n"
      "ann\t9\tbob\t8\r\n");
  const std::string log = testing::internal::GetCapturedStderr();
  ExpectHas(log, "some.txt: passed over: 2 of 4 pairs lack an image, 2 images "
                 "in all; the first: ");
  ExpectHas(log, "some.txt:3: no such image: ");
  ASSERT_EQ(2u, pairs.pairs.size());
  EXPECT_EQ(2, pairs.skipped);
  EXPECT_EQ(2, pairs.people);
  // Of paths, the line of a fault is still the pair's own.
  testing::internal::CaptureStderr();
  const PairsFile paths = read("ann/x.jpg ann/ann_0001.jpg 1\n"
                               "ann/ann_0001.jpg ann/ann_0002.png 1\n"
                               "ann/ann_0001.jpg ann/ann_0002.png 0\n");
  testing::internal::GetCapturedStderr();
  ExpectHas(paths.why_unknown, "some.txt:3: a pair of two people");
  ExpectHas(InputError([&] { read("1\nann 1 2\nann 1 bob 9\n"); }),
            "(1 pairs were passed over, and fold 1 has no impostor pair left)");
  ExpectHas(InputError([&] { read("1\nno 1 2\nno 1 bob 9\n"); }),
            "(2 of 2 pairs lack an image, 3 images in all)");
}

TEST_F(PairsFileTest, ANameInAnotherUnicodeFormIsNotItsOwnSuggestion) {
  folder_.Write("lfw/Jose\xcc\x81/Jose\xcc\x81_0001.jpg", "");
  const std::string composed = "Jos\xc3\xa9";
  const std::string hint = "with its accents in another Unicode form";
  ExpectHas(Refused("1\n" + composed + " 1 2\nann 1 bob 1\n"), hint);
  ExpectHas(Refused("ann/ann_0001.jpg " + composed + "/1.jpg 1\n"), hint);
  ExpectHas(Refused("ann/ann_0001.jpg Jose\xcc\x81/" + composed +
                    "_0001.jpg 1\n"),
            hint);
  // Two names in other scripts are two names.
  folder_.Write("lfw/\xe4\xb8\xad/1.jpg", "");
  EXPECT_EQ(std::string::npos,
            Refused("ann/ann_0001.jpg \xe6\x96\x87/1.jpg 1\n").find("form"));
}

TEST_F(PairsFileTest, PathsWithoutLabelsOrOfOneKindAreRefused) {
  const std::string same = "ann/ann_0001.jpg ann/ann_0002.png ";
  EXPECT_EQ(":2: label '2'; wanted 1 (one person) or 0 (two) (first of 1 such "
            "among 2 lines)", Refused(same + "1\n" + same + "2\n"));
  ExpectHas(Refused(same + "1\n" + same + "\n"),
            "; wanted `path path 0|1` (first of 1 such among 2 lines)");
  EXPECT_EQ(": 1 of 1 pairs are of one person; wanted pairs of both kinds, 1 "
            "and 0", Refused(same + "1\n"));
  ExpectHas(Refused(same + "0\n"), ": 0 of 1 pairs are of one person; wanted");
}

}  // namespace
}  // namespace caffe
