"""The rules of the architecture page as data: which folder may include what, and which calls live where.

A new dependency between folders, or a new library, is a change to this file and to ARCHITECTURE.md.
"""

# Libraries, by the headers that show their use.
LIBRARIES = {
    "MPI": r"mpi\.h",
    "CUDA": r"(nccl|cuda|cublas|cudnn)\w*\.h|cuda/.*|(torch/csrc|ATen|c10)/cuda/.*",
    "LibTorch": r"(torch|ATen|c10|caffe2)/.*",
    "spdlog": r"(spdlog|fmt)/.*",
    "HDF5": r"(hdf5|H5\w*)\.h",
    "JSON": r"nlohmann/.*",
    "CLI11": r"CLI/.*",
    "yaml-cpp": r"yaml-cpp/.*",
    "Highway": r"hwy/.*",
    "libjpeg": r"j(peg|config|error|morecfg)\w*\.h",
    "AGG": r"agg2/.*",
    "libpng": r"png\w*\.h",
    "zlib": r"z(lib|conf)\.h",
    "OpenSSL": r"openssl/.*",
    "GoogleTest": r"g(test|mock)/.*",
}

EVERYTHING = ("runtime/", "collectives/", "trainer/", "launcher/", "benchmarks/", "tests/")

# folder: (own folders it may include, libraries it may include); the longest prefix of a file's path decides.
FOLDERS = {
    "runtime/process/": (("runtime/process/",), ("JSON",)),
    "runtime/run/": (("runtime/run/", "runtime/process/"), ("HDF5", "JSON")),
    "runtime/options/": (("runtime/options/", "runtime/process/"), ("CLI11", "yaml-cpp", "JSON")),
    "runtime/trace/": (("runtime/trace/", "runtime/process/"), ("JSON",)),
    "collectives/": (("collectives/", "runtime/process/", "runtime/trace/"), ("Highway", "JSON")),
    "collectives/tune/": (("collectives/", "runtime/"), ("JSON",)),
    "collectives/nccl/": (("collectives/", "runtime/process/"), ("CUDA",)),
    "trainer/parallel/": (("trainer/parallel/", "trainer/weights/", "collectives/", "runtime/"), ("LibTorch", "JSON")),
    "trainer/data/": (("trainer/data/", "runtime/"), ("libjpeg", "libpng", "zlib", "Highway", "JSON")),
    "trainer/data/pack/": (("trainer/data/", "runtime/"), ("HDF5", "OpenSSL", "libjpeg")),
    "trainer/models/": (("trainer/models/", "trainer/parallel/", "trainer/weights/", "runtime/"), ("LibTorch",)),
    "trainer/weights/": (("trainer/weights/", "runtime/"), ("LibTorch", "JSON", "zlib")),
    "trainer/evaluation/": (("trainer/evaluation/", "trainer/data/", "collectives/", "runtime/"), ("JSON",)),
    "trainer/onnx/": (("trainer/onnx/", "trainer/data/", "trainer/models/", "trainer/weights/", "runtime/"), ("LibTorch", "JSON")),
    "trainer/": (("trainer/", "collectives/", "runtime/"), ("LibTorch", "JSON")),
    "launcher/": (("launcher/", "runtime/"), ("JSON",)),
    "benchmarks/": (("benchmarks/", "collectives/", "runtime/", "trainer/"), ("MPI", "LibTorch", "JSON", "zlib")),
    "tests/": (EVERYTHING, tuple(LIBRARIES)),
    "examples/": (("collectives/", "runtime/", "trainer/"), ("LibTorch",)),
    "cmake/": (("collectives/", "runtime/", "trainer/parallel/"), ("LibTorch",)),
}

# Single files that alone may include a library their folder may not.
LIBRARY_FILES = {
    "runtime/process/discover_topology.cpp": ("MPI",),
    "runtime/process/world.cpp": ("MPI",),
    "runtime/process/log.cpp": ("spdlog",),
    "benchmarks/loader_perf/contestants.cpp": ("libjpeg",),
    "collectives/mpi_transport.cpp": ("MPI",),
    "runtime/run/png_canvas.cpp": ("AGG", "libpng"),
    "trainer/parallel/checkpoint.cpp": ("zlib",),
    "trainer/parallel/compression_kernels.cpp": ("Highway",),
    "trainer/parallel/update_kernels.cpp": ("Highway",),
}

# Worker threads that are idle until there is work or they are told to stop: nobody waits for them.
IDLE_WAITS = {
    "collectives/progress_thread.cpp": "waits for the next asynchronous call",
    "trainer/data/loader.cpp": "a decoding thread waits for the next image to prepare",
    "trainer/data/ordered_work.h": "threads of one call wait for each other's images, which end or throw",
}

# (what it is, pattern in code, files or folders that may, what to do instead)
CALLS = [
    ("reads or changes the environment", r"\b(secure_getenv|getenv|setenv|unsetenv|putenv)\s*\(",
     ("runtime/process/environment.cpp",), "use runtime/process/environment.h"),
    ("ends the process", r"(?<![\w.>])(std::)?(exit|_exit|_Exit|quick_exit|abort|MPI_Abort)\s*\(",
     ("runtime/process/world.cpp",), "throw an Error; main() and World::fail end processes"),
    ("writes to standard output", r"\bstd::cout\b|(?<![\w.>])(std::)?(printf|puts|putchar)\s*\(|\bstdout\b|\bSTDOUT_FILENO\b",
     ("launcher/commands/", "benchmarks/"), "take a std::ostream, or log"),
    ("starts a process", r"(?<![\w.>])(posix_spawnp?|v?fork|exec[lv]p?e?|popen|system)\s*\(",
     ("runtime/process/subprocess.cpp",), "use runtime/process/subprocess.h"),
    ("waits without a deadline", r"\.wait\s*\(\s*\w*lock\w*\s*[,)]",
     tuple(IDLE_WAITS), "wait for a Deadline (runtime/process/deadline.h)"),
    ("is a bare 'size'", r"\b(int|long|unsigned|auto|u?int(32|64)_t|(std::)?size_t|const)\s+size_?\b(?!\s*\()",
     (), "say of what: num_*, *_bytes, world_size"),
]

# A program's main file may end the process and write to standard output.
CALLS_OF_MAIN = {"ends the process", "writes to standard output"}

# Folders below these are explained by the README of the folder they lie in.
README_COVERS_SUBFOLDERS = ("benchmarks/", "cmake/", "examples/", "launcher/", "tests/")

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40

# path: why this file is longer than MAX_FILE_LINES
LONG_FILES = {}

# path: why it holds functions longer than MAX_FUNCTION_LINES
LONG_FUNCTIONS = {}
