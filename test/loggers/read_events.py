"""Prints what TensorBoard's own reader finds in a folder of event files, as JSON."""
import base64, json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "tensors": 0})
events.Reload()


def strings(tag):
    return [[v.decode() for v in tensor_util.make_ndarray(e.tensor_proto).tolist()] for e in events.Tensors(tag)]


def hparams(tag):
    data = plugin_data_pb2.HParamsPluginData.FromString(events.SummaryMetadata(tag).plugin_data.content)
    start = {k: getattr(v, v.WhichOneof("kind")) for k, v in data.session_start_info.hparams.items()}
    return {"start": start, "status": data.session_end_info.status}


tags = events.Tags()
print(json.dumps({
    "scalars": {t: [[e.step, e.value] for e in events.Scalars(t)] for t in tags["scalars"]},
    "images": {t: [[e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()]
                   for e in events.Images(t)] for t in tags["images"]},
    "texts": {t: strings(t) for t in tags["tensors"] if events.SummaryMetadata(t).plugin_data.plugin_name == "text"},
    "hparams": {t: hparams(t) for t in tags["tensors"] if t.startswith("_hparams_/")},
}))
