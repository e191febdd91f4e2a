// SPDX-License-Identifier: Apache-2.0
#include "closer/remedy/remedy_memory.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

namespace finwait {

RemedyMemory::RemedyMemory(UniqueFd memory) {
    struct stat status {};
    if (memory && ::fstat(memory.get(), &status) == 0 &&
        status.st_size >= static_cast<off_t>(sizeof(RemedyTable))) {
        void* bytes = ::mmap(nullptr, sizeof(RemedyTable), PROT_READ | PROT_WRITE, MAP_SHARED,
                             memory.get(), 0);
        if (bytes != MAP_FAILED) shared_ = static_cast<RemedyTable*>(bytes);
    }
    if (shared_ && !shared_->is_laid_out()) {
        ::munmap(shared_, sizeof(RemedyTable));
        shared_ = nullptr;
    }
    if (!shared_) own_ = std::make_unique<RemedyTable>();
}

RemedyMemory::~RemedyMemory() {
    if (shared_) ::munmap(shared_, sizeof(RemedyTable));
}

}  // namespace finwait
