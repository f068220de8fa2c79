// Gnuplot, the program that draws the pictures of evaluate: its scripts are
// written and run here, and what it complains of becomes an Error. What is
// drawn is plots.hpp's and sheet.hpp's.
//
// Gnuplot is no part of the build. It is looked for on PATH when it is wanted.
#ifndef TERCET_TOOLS_EVALUATE_GNUPLOT_HPP_
#define TERCET_TOOLS_EVALUATE_GNUPLOT_HPP_

#include <string>

namespace caffe {

// A picture, of which gnuplot makes NAME.svg and NAME.png.
struct GnuplotPicture {
  std::string name;
  int width = 800, height = 600;  // of the SVG, in CSS pixels
  int png_scale = 2;              // pixels of the PNG for one of these
  int font_size = 14;             // in points
  // Lines: data blocks, axes, labels with numbers. In the PNG a letter that no
  // font has is a question mark, with a warning.
  std::string settings;
  std::string plot;               // the one command that draws
};

// Error kInput, one line, where there is no gnuplot to run. For a program that
// would rather know before it works for hours.
void CheckGnuplot();

// Makes the folder where it is missing; its parent must be there. Error kInput
// where it cannot be made or written to.
void MakePictureFolder(const std::string& folder);

// Writes NAME.gp into `folder`, which must be there, and lets gnuplot draw
// NAME.svg and NAME.png beside it. The script holds its data, and names no
// folder, so `gnuplot NAME.gp` draws the pictures anew, anywhere. The user's
// own gnuplotrc has no say. Error kInput, one line, where a file cannot be
// written or gnuplot fails; then NAME.svg and NAME.png of before are gone.
void DrawWithGnuplot(const std::string& folder, const GnuplotPicture& picture);

// `text` in gnuplot's quotes, where nothing has a meaning; what must not appear
// in a script or in an SVG (control characters, bytes that are no UTF-8) is a
// question mark. For text that is drawn, say `noenhanced` after it.
std::string GnuplotQuote(const std::string& text);

// A number with `digits` digits, as gnuplot and people read it.
std::string ShortNumber(double value, int digits);

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_GNUPLOT_HPP_
