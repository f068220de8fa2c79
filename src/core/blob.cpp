// Blob: shapes, access, sums, and reading and writing BlobProto. The
// arithmetic itself is in math_functions.
#include "caffe/blob.hpp"

#include <algorithm>

#include "caffe/util/math_functions.hpp"
#include "core/stored_shape.hpp"

namespace caffe {

string ShapeString(const vector<int>& shape) {
  ostringstream text;
  int64_t count = 1;
  for (int dim : shape) {
    text << dim << " ";
    count *= dim;
  }
  text << "(" << count << ")";
  return text.str();
}

template <typename Dtype>
void Blob<Dtype>::Reshape(const vector<int>& shape) {
  INPUT_CHECK(shape.size() <= static_cast<size_t>(kMaxBlobAxes))
      << "a blob of " << shape.size() << " axes; at most " << kMaxBlobAxes
      << " are possible";
  int64_t count = 1;
  for (int dim : shape) {
    INPUT_CHECK(dim >= 0) << "a blob with a negative axis of " << dim;
    count *= dim;
    INPUT_CHECK(count <= INT_MAX)
        << "a blob of shape " << ShapeString(shape)
        << " has more values than the " << INT_MAX << " that are possible";
  }
  shape_ = shape;
  count_ = static_cast<int>(count);
  if (static_cast<size_t>(count_) > capacity_ || !data_) {
    capacity_ = count_;
    data_ = std::make_shared<SyncedMemory>(capacity_ * sizeof(Dtype));
    diff_ = std::make_shared<SyncedMemory>(capacity_ * sizeof(Dtype));
  }
}

template <typename Dtype>
void Blob<Dtype>::ReshapeFlat(int64_t count) {
  INPUT_CHECK(count >= 0 && count <= INT_MAX)
      << "a blob of " << count << " values; at most " << INT_MAX
      << " are possible";
  Reshape({static_cast<int>(count)});
}

template <typename Dtype>
void Blob<Dtype>::Reshape(int num, int channels, int height, int width) {
  Reshape(vector<int>{num, channels, height, width});
}

template <typename Dtype>
void Blob<Dtype>::Reshape(const BlobShape& shape) {
  vector<int> dims;
  for (int64_t dim : shape.dim()) {
    INPUT_CHECK(dim >= 0 && dim <= INT_MAX)
        << "a blob with an axis of " << dim;
    dims.push_back(static_cast<int>(dim));
  }
  Reshape(dims);
}

template <typename Dtype>
int Blob<Dtype>::count(int start, int end) const {
  CHECK(0 <= start && start <= end && end <= num_axes())
      << "axes " << start << " to " << end << " of " << shape_string();
  int product = 1;
  for (int i = start; i < end; ++i) product *= shape_[i];
  return product;
}

template <typename Dtype>
int Blob<Dtype>::CanonicalAxisIndex(int index) const {
  INPUT_CHECK(index >= -num_axes() && index < num_axes())
      << "axis " << index << " is outside of a blob of " << num_axes()
      << " axes (" << shape_string() << ")";
  return index < 0 ? index + num_axes() : index;
}

template <typename Dtype>
int Blob<Dtype>::LegacyShape(int index) const {
  CHECK_LE(num_axes(), 4) << "num, channels, height and width of a blob of "
                          << "shape " << shape_string();
  CHECK(index >= -4 && index < 4);
  const bool outside = index >= num_axes() || index < -num_axes();
  return outside ? 1 : shape(index);
}

template <typename Dtype>
int Blob<Dtype>::offset(int n, int c, int h, int w) const {
  CHECK(n >= 0 && n <= num() && c >= 0 && c <= channels() && h >= 0 &&
        h <= height() && w >= 0 && w <= width());
  return ((n * channels() + c) * height() + h) * width() + w;
}

template <typename Dtype>
int Blob<Dtype>::offset(const vector<int>& indices) const {
  CHECK_LE(indices.size(), shape_.size());
  int offset = 0;
  for (int i = 0; i < num_axes(); ++i) {
    offset *= shape_[i];
    if (i < static_cast<int>(indices.size())) {
      CHECK(indices[i] >= 0 && indices[i] < shape_[i]);
      offset += indices[i];
    }
  }
  return offset;
}

template <typename Dtype>
const Dtype* Blob<Dtype>::cpu_data() const {
  return static_cast<const Dtype*>(data()->cpu_data());
}

template <typename Dtype>
const Dtype* Blob<Dtype>::gpu_data() const {
  return static_cast<const Dtype*>(data()->gpu_data());
}

template <typename Dtype>
const Dtype* Blob<Dtype>::cpu_diff() const {
  return static_cast<const Dtype*>(diff()->cpu_data());
}

template <typename Dtype>
const Dtype* Blob<Dtype>::gpu_diff() const {
  return static_cast<const Dtype*>(diff()->gpu_data());
}

template <typename Dtype>
Dtype* Blob<Dtype>::mutable_cpu_data() {
  return static_cast<Dtype*>(data()->mutable_cpu_data());
}

template <typename Dtype>
Dtype* Blob<Dtype>::mutable_gpu_data() {
  return static_cast<Dtype*>(data()->mutable_gpu_data());
}

template <typename Dtype>
Dtype* Blob<Dtype>::mutable_cpu_diff() {
  return static_cast<Dtype*>(diff()->mutable_cpu_data());
}

template <typename Dtype>
Dtype* Blob<Dtype>::mutable_gpu_diff() {
  return static_cast<Dtype*>(diff()->mutable_gpu_data());
}

template <typename Dtype>
void Blob<Dtype>::set_cpu_data(Dtype* data) {
  // The caller's memory holds count() values, perhaps fewer than capacity.
  if (data_->size() != count_ * sizeof(Dtype)) {
    data_ = std::make_shared<SyncedMemory>(count_ * sizeof(Dtype));
    diff_ = std::make_shared<SyncedMemory>(count_ * sizeof(Dtype));
    capacity_ = count_;
  }
  data_->set_cpu_data(data);
}

template <typename Dtype>
void Blob<Dtype>::set_gpu_data(Dtype* data) {
  if (data_->size() != count_ * sizeof(Dtype)) {
    data_ = std::make_shared<SyncedMemory>(count_ * sizeof(Dtype));
    diff_ = std::make_shared<SyncedMemory>(count_ * sizeof(Dtype));
    capacity_ = count_;
  }
  data_->set_gpu_data(data);
}

namespace {

#ifdef TERCET_CUDA
bool OnGpu(const SyncedMemory& memory) {
  return memory.head() == SyncedMemory::HEAD_AT_GPU ||
         (memory.head() == SyncedMemory::SYNCED && Caffe::mode() == Caffe::GPU);
}
#endif

bool Empty(const SyncedMemory& memory) {
  return memory.head() == SyncedMemory::UNINITIALIZED;
}

}  // namespace

template <typename Dtype>
void Blob<Dtype>::Update() {
#ifdef TERCET_CUDA
  if (OnGpu(*data_)) {
    caffe_gpu_axpy<Dtype>(count_, Dtype(-1), gpu_diff(), mutable_gpu_data());
    return;
  }
#endif
  caffe_axpy<Dtype>(count_, Dtype(-1), cpu_diff(), mutable_cpu_data());
}

template <typename Dtype>
Dtype Blob<Dtype>::asum_data() const {
  if (!data_ || Empty(*data_)) return 0;
#ifdef TERCET_CUDA
  if (OnGpu(*data_)) {
    Dtype sum;
    caffe_gpu_asum(count_, gpu_data(), &sum);
    return sum;
  }
#endif
  return caffe_cpu_asum(count_, cpu_data());
}

template <typename Dtype>
Dtype Blob<Dtype>::asum_diff() const {
  if (!diff_ || Empty(*diff_)) return 0;
#ifdef TERCET_CUDA
  if (OnGpu(*diff_)) {
    Dtype sum;
    caffe_gpu_asum(count_, gpu_diff(), &sum);
    return sum;
  }
#endif
  return caffe_cpu_asum(count_, cpu_diff());
}

template <typename Dtype>
Dtype Blob<Dtype>::sumsq_data() const {
  if (!data_ || Empty(*data_)) return 0;
#ifdef TERCET_CUDA
  if (OnGpu(*data_)) {
    Dtype sum;
    caffe_gpu_dot(count_, gpu_data(), gpu_data(), &sum);
    return sum;
  }
#endif
  return caffe_cpu_dot(count_, cpu_data(), cpu_data());
}

template <typename Dtype>
Dtype Blob<Dtype>::sumsq_diff() const {
  if (!diff_ || Empty(*diff_)) return 0;
#ifdef TERCET_CUDA
  if (OnGpu(*diff_)) {
    Dtype sum;
    caffe_gpu_dot(count_, gpu_diff(), gpu_diff(), &sum);
    return sum;
  }
#endif
  return caffe_cpu_dot(count_, cpu_diff(), cpu_diff());
}

template <typename Dtype>
void Blob<Dtype>::scale_data(Dtype factor) {
  if (!data_ || Empty(*data_)) return;
#ifdef TERCET_CUDA
  if (OnGpu(*data_)) {
    caffe_gpu_scal(count_, factor, mutable_gpu_data());
    return;
  }
#endif
  caffe_scal(count_, factor, mutable_cpu_data());
}

template <typename Dtype>
void Blob<Dtype>::scale_diff(Dtype factor) {
  if (!diff_ || Empty(*diff_)) return;
#ifdef TERCET_CUDA
  if (OnGpu(*diff_)) {
    caffe_gpu_scal(count_, factor, mutable_gpu_diff());
    return;
  }
#endif
  caffe_scal(count_, factor, mutable_cpu_diff());
}

template <typename Dtype>
void Blob<Dtype>::ShareData(const Blob& other) {
  CHECK_EQ(count_, other.count());
  data_ = other.data();
}

template <typename Dtype>
void Blob<Dtype>::ShareDiff(const Blob& other) {
  CHECK_EQ(count_, other.count());
  diff_ = other.diff();
}

template <typename Dtype>
void Blob<Dtype>::CopyFrom(const Blob& source, bool copy_diff, bool reshape) {
  if (source.shape() != shape_) {
    CHECK(reshape) << "copying a blob of shape " << source.shape_string()
                   << " into one of " << shape_string();
    ReshapeLike(source);
  }
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) {
    caffe_copy(count_, copy_diff ? source.gpu_diff() : source.gpu_data(),
               copy_diff ? mutable_gpu_diff() : mutable_gpu_data());
    return;
  }
#endif
  caffe_copy(count_, copy_diff ? source.cpu_diff() : source.cpu_data(),
             copy_diff ? mutable_cpu_diff() : mutable_cpu_data());
}

namespace {

vector<int> CheckedShape(const BlobProto& proto) {
  vector<int> shape;
  for (int64_t dim : StoredShape(proto)) {
    INPUT_CHECK(dim >= 0 && dim <= INT_MAX)
        << "a stored blob with an axis of " << dim;
    shape.push_back(static_cast<int>(dim));
  }
  return shape;
}

template <typename From, typename Dtype>
void CopyStored(const From& values, int count, const char* what,
                Dtype* target) {
  INPUT_CHECK(values.size() == count)
      << "a stored blob has " << values.size() << " " << what
      << " where its shape has " << count;
  std::copy(values.begin(), values.end(), target);
}

}  // namespace

template <typename Dtype>
bool Blob<Dtype>::ShapeEquals(const BlobProto& other) const {
  vector<int> stored = CheckedShape(other);
  if (stored == shape_) return true;
  const bool legacy = !other.has_shape();
  if (!legacy || num_axes() > 4) return false;
  for (int i = 1; i <= 4; ++i) {
    const int mine = i <= num_axes() ? shape_[num_axes() - i] : 1;
    const int theirs =
        i <= static_cast<int>(stored.size()) ? stored[stored.size() - i] : 1;
    if (mine != theirs) return false;
  }
  return true;
}

template <typename Dtype>
void Blob<Dtype>::FromProto(const BlobProto& proto, bool reshape) {
  if (reshape) {
    Reshape(CheckedShape(proto));
  } else {
    INPUT_CHECK(ShapeEquals(proto))
        << "a stored blob of shape " << ShapeString(CheckedShape(proto))
        << " where " << shape_string() << " is wanted";
  }
  if (proto.double_data_size() > 0) {
    CopyStored(proto.double_data(), count_, "values", mutable_cpu_data());
  } else {
    CopyStored(proto.data(), count_, "values", mutable_cpu_data());
  }
  if (proto.double_diff_size() > 0) {
    CopyStored(proto.double_diff(), count_, "gradients", mutable_cpu_diff());
  } else if (proto.diff_size() > 0) {
    CopyStored(proto.diff(), count_, "gradients", mutable_cpu_diff());
  }
}

namespace {

void Append(const float* values, int count,
            google::protobuf::RepeatedField<float>* floats,
            google::protobuf::RepeatedField<double>*) {
  floats->Add(values, values + count);
}

void Append(const double* values, int count,
            google::protobuf::RepeatedField<float>*,
            google::protobuf::RepeatedField<double>* doubles) {
  doubles->Add(values, values + count);
}

}  // namespace

template <typename Dtype>
void Blob<Dtype>::ToProto(BlobProto* proto, bool write_diff) const {
  proto->Clear();
  for (int dim : shape_) proto->mutable_shape()->add_dim(dim);
  if (shape_.empty()) proto->mutable_shape();
  Append(cpu_data(), count_, proto->mutable_data(),
         proto->mutable_double_data());
  if (write_diff) {
    Append(cpu_diff(), count_, proto->mutable_diff(),
           proto->mutable_double_diff());
  }
}

template class Blob<float>;
template class Blob<double>;

// Index blobs (the argmax of max pooling): storage only.
template <>
void Blob<int>::Update() { NOT_IMPLEMENTED; }
template <>
int Blob<int>::asum_data() const { NOT_IMPLEMENTED; }
template <>
int Blob<int>::asum_diff() const { NOT_IMPLEMENTED; }
template <>
int Blob<int>::sumsq_data() const { NOT_IMPLEMENTED; }
template <>
int Blob<int>::sumsq_diff() const { NOT_IMPLEMENTED; }
template <>
void Blob<int>::scale_data(int) { NOT_IMPLEMENTED; }
template <>
void Blob<int>::scale_diff(int) { NOT_IMPLEMENTED; }
template <>
void Blob<int>::ToProto(BlobProto*, bool) const { NOT_IMPLEMENTED; }
template class Blob<int>;

}  // namespace caffe
