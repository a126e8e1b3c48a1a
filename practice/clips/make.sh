#!/bin/sh
# Makes the sample clips of the practice newsroom, with nothing but ffmpeg (5.1 made those that are committed).
# They are committed because not every machine that builds Rushes has ffmpeg; run this only to change them.
set -eu
cd "$(dirname "$0")"

# encode OUTPUT OPTION...: no dates and no versions, so that the same ffmpeg makes the same bytes.
encode() {
    output=$1
    shift
    ffmpeg -hide_banner -loglevel error -y "$@" -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact "$output"
}
h264='-c:v libx264 -preset veryslow -tune animation -pix_fmt yuv420p -threads 1'
aac='-c:a aac -b:a 32k -ac 1 -ar 44100'

# A harbour at sunset: a sky that reddens towards the horizon, the sun low over it, its light broken by the swell.
# Waves are the denser the nearer they are to the horizon, in line 150.
sun="exp(-pow(hypot(X-300,(Y-112-T)*1.05)/19,8))"; halo="exp(-hypot(X-300,Y-112-T)/75)"
waves="(0.5+0.5*sin(1400/(Y-133)+T*2.4+0.7*sin(X/(8+(Y-150)*0.5)+T)))"; path="exp(-abs(X-300)/(16+(Y-150)*0.75))"
encode harbour_aerials.mp4 -f lavfi -i "nullsrc=s=480x270:r=25:d=8,format=gbrp,geq=
r='clip(if(lt(Y,150), 62+150*pow(Y/150,1.4)+90*$halo+120*$sun, 34+30*$waves+190*$path*$waves),0,255)':
g='clip(if(lt(Y,150), 44+78*pow(Y/150,2)+55*$halo+130*$sun, 42+24*$waves+120*$path*$waves),0,255)':
b='clip(if(lt(Y,150), 104-48*Y/150+12*$halo+60*$sun, 78+26*$waves+20*$path*$waves),0,255)'
,drawbox=x=40:y=124:w=118:h=26:c=0x1c1622:t=fill,drawbox=x=52:y=80:w=5:h=46:c=0x1c1622:t=fill,drawbox=x=40:y=80:w=58:h=4:c=0x1c1622:t=fill,drawbox=x=112:y=92:w=5:h=34:c=0x1c1622:t=fill,drawbox=x=100:y=92:w=52:h=4:c=0x1c1622:t=fill,drawbox=x=176:y=138:w=64:h=12:c=0x1c1622:t=fill,drawbox=x=182:y=128:w=14:h=11:c=0x1c1622:t=fill" \
    -f lavfi -i "anoisesrc=c=brown:a=0.35:d=8:s=1,tremolo=f=0.25:d=0.8" $h264 -crf 31 $aac -shortest -movflags +faststart

# A fire: noise that rises and fades. XDCAM-like: MPEG-2 and uncompressed sound in OP1a.
encode MKR_fire_live_shot.mxf -f lavfi -i "nullsrc=s=320x180:r=25:d=4,format=gray,geq=lum='255*clip((Y/180)*1.35-0.42+0.28*sin(X/17+sin(Y/26+T*4)*1.8)*sin(X/39-T*1.2)+0.2*sin((Y+T*70)/24+sin(X/14)*1.4),0,1)'
,format=gbrp,geq=r='clip(g(X,Y)*2.4+14,0,255)':g='clip(pow(g(X,Y)/255,1.7)*290+8,0,255)':b='clip(pow(g(X,Y)/255,4)*220+12,0,255)',format=yuv420p" \
    -f lavfi -i "anoisesrc=c=brown:a=0.5:d=4:s=2:r=48000,tremolo=f=7:d=0.5" \
    -c:v mpeg2video -b:v 120k -maxrate 600k -bufsize 600k -g 25 -bf 2 -trellis 2 -mbd rd -cmp 2 -subcmp 2 -threads 1 -c:a pcm_s16le -ac 1 -ar 48000 -shortest -f mxf

# A typhoon from above: arms of cloud that turn around an eye, over a dark sea.
radius="hypot(X-225,(Y-140)*1.15)"; angle="atan2((Y-140)*1.15,X-225)"
encode typhoon_satellite_loop.mp4 -f lavfi -i "nullsrc=s=480x270:r=25:d=6,format=gray,geq=lum='clip(255*
(0.62*exp(-$radius/150)*(1+0.75*sin(2*$angle-7*log($radius+12)+T*1.3)+0.25*sin(5*$angle-15*log($radius+12)+T*2.1+sin(X/19)*0.8))*(1-1.1*exp(-$radius*$radius/160))+0.03*sin(X/11+T/3)*sin(Y/9-T/4)),0,255)'
,format=gbrp,geq=r='18+g(X,Y)*0.88':g='38+g(X,Y)*0.82':b='64+g(X,Y)*0.73',format=yuv420p" \
    -f lavfi -i "anoisesrc=c=pink:a=0.25:d=6:s=3,tremolo=f=0.4:d=0.7" $h264 -crf 29 $aac -shortest -movflags +faststart

# A city at night: windows that go on and off. QuickTime, as some cameras and phones deliver.
encode KYV_rooftops_night.mov -f lavfi -i "life=s=80x45:r=6:seed=20:ratio=0.22:mold=8:life_color=0xffd98a:death_color=0x33415f:mold_color=0x0c1424:stitch=1,trim=duration=6,scale=480:270:flags=neighbor,drawgrid=w=6:h=6:t=2:c=0x0c1424,vignette=PI/4.5,fps=24" \
    -f lavfi -i "sine=f=110:d=6:r=44100,tremolo=f=0.5:d=0.6,volume=0.4" $h264 -crf 31 $aac -t 6 -f mov -movflags +faststart

# A line-up signal with its own clock and tone, as before every feed.
encode LDN_line_up.mp4 -f lavfi -i "testsrc2=s=320x180:r=25:d=5" -f lavfi -i "sine=f=1000:d=5:r=44100,volume=0.25" $h264 -crf 32 $aac -shortest \
    -movflags +faststart

ls -l -- *.mp4 *.mxf *.mov
