#include "call/party.h"
