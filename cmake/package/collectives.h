#pragma once
// Everything of Skein's component Collectives: the processes of a job and what they can do together. Needs no LibTorch.

#include "collectives/communicator.h"
#include "collectives/join_scope.h"
#include "collectives/make_communicator.h"
#include "runtime/process/error.h"
#include "runtime/process/world.h"
