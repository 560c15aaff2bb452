#pragma once
// Everything of Skein's component Parallel: data parallelism for any LibTorch module. Brings the collectives along.

#include "collectives.h"
#include "trainer/parallel/checkpoint.h"
#include "trainer/parallel/data_parallel.h"
#include "trainer/parallel/distributed_optimizer.h"
#include "trainer/parallel/sync_batch_norm.h"
#include "trainer/parallel/tensor_buffer.h"
#include "trainer/parallel/training_state.h"
#include "trainer/parallel/torch_device.h"
