# By mmdebstrap, outside the new root: downloads the package that the kernel's metapackage $KERNEL stands for to $WORK.
cd "$WORK"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
package=$(apt-cache depends "$KERNEL" | sed -n 's/.*Depends: \(linux-image-[^ ]*\)/\1/p' | head -1)
apt-get -qq -o APT::Sandbox::User=root download "$package"
