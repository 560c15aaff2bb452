#pragma once
// What TensorBoard shows besides the time of an event: messages tensorflow.Summary of one value each.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/run/protobuf_message.h"
#include "runtime/run/run_state.h"

namespace skein {

/// A picture as a PNG or JPEG file in memory.
struct EncodedPicture {
  std::string bytes;
  int width = 0;   ///< pixels
  int height = 0;  ///< pixels
};

/// In single precision, as TensorBoard keeps values.
ProtobufMessage scalar_summary(const std::string& tag, double value);
ProtobufMessage image_summary(const std::string& tag, const EncodedPicture& picture);
/// `text`: Markdown.
ProtobufMessage text_summary(const std::string& tag, const std::string& text);

// The HParams tab lists runs by their parameters. There is no summary of the experiment as a whole: TensorBoard takes the first one
// that it finds for all runs, and computes it from the runs, with what differs first, where there is none.

/// `parameters`: an object; lists become text, null is left out. `start`: seconds since 1970 UTC.
ProtobufMessage session_start_summary(const nlohmann::json& parameters, const std::string& name, double start);
ProtobufMessage session_end_summary(RunState state, double end);

}  // namespace skein
